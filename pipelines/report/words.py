"""What the figures of the page mean, in plain words; the page links to these."""

WORDS = {
    "Average precision": "How well a classifier puts the samples of a class before all others. 1 is perfect; a random order "
    "gets the share that the class has of the test samples.",
    "Gain": "Average precision with the synthetic samples, less that without them: same classifier, same test samples.",
    "Interval": "The range that would hold the true gain in 95 of 100 such measurements, or in another share that "
    "evaluate.confidence sets. It covers training the classifier again and drawing other test samples; it does not cover "
    "training the GAN again.",
    "Beyond doubt": "The whole interval lies above zero, against every alternative, and stays there with Holm's correction: "
    "of many classes one looks better by luck, so the more there are, the more is asked of each.",
    "p": "How often a gain as large would be seen by luck if there were none. Near 0: hardly luck. Near 1: nothing speaks "
    "for a gain.",
    "Out of fold": "Measured by cross-validation on training and validation samples, each asked of a classifier that has not "
    "seen it. Everything is chosen by that; the test samples are asked once, at the end.",
    "Real samples' worth": "How many more real samples of the class would have brought the same gain, from trainings with "
    "half and three quarters of the real ones.",
    "Subgroup": "All samples with one value of an attribute, such as one site or one camera. There a class is told from the "
    "other classes of the same subgroup; fewer than five test samples of it say nothing.",
    "Dose and use": "How many synthetic samples join a class, as a share of what would balance it, and how: mixed in, drawn "
    "for half of the class's turns, or seen first and then left out.",
    "Copies": "Synthetic samples so near to one training sample, and so much nearer to it than to the next, that they "
    "repeat it. Samples made between two real ones lie nearer to them than real ones to each other; that alone is no copy.",
    "Recognised as the class": "A forest trained on real samples alone finds the sample more like the class than 95 of 100 "
    "test samples of other classes.",
    "Precision": "The share of synthetic samples that lie among the real ones. Not the precision of a classifier.",
    "Recall": "The share of real samples that lie among the synthetic ones: how much of the variety was reached. Not the "
    "recall of a classifier.",
    "Density": "How crowded with real samples the places are where the synthetic ones lie; 1 is as crowded as for real ones, "
    "more means that they keep to the middle.",
    "Coverage": "The share of real samples that have a synthetic one in their near neighbourhood.",
    "Authenticity": "The share of synthetic samples that lie farther from their nearest training sample than that one from "
    "its own nearest. Near 0: they cling to training samples.",
    "Copying statistic": "Whether synthetic samples lie nearer to training samples than fresh real ones do. About 0: alike. "
    "Far below 0: nearer than is natural, as all samples are that are made between real ones.",
    "Tell": "How well a classifier tells synthetic from held-out real samples: area under the ROC curve (AUC), 0.5 is a "
    "guess, 1 always. A high value is common and no fault by itself; what it looks at may be one.",
    "Score": "What the discriminator makes of a sample, calibrated: how many times likelier it is among real than among "
    "generated samples. 1 means that it cannot tell.",
    "Calibration": "Z says whether the probabilities are off: within −2 and 2 is fine. A log loss of 0.693 or more means that "
    "the scores tell nothing.",
    "Energy score": "How far generated samples lie from held-out real ones, less how far they lie from each other; smaller is "
    "better. Other weights than those of the last step are kept only where they are clearly better.",
    "Gap": "How far the values of a column lie apart in real and synthetic rows. 0: equally spread; 1: nothing in common.",
}


def anchor(word: str) -> str:
    """Return the name of a word's place on the page.

    >>> anchor("Real samples' worth")
    'word-real-samples-worth'
    """
    return "word-" + "-".join("".join(c for c in word.lower() if c.isalnum() or c == " ").split())
