"""How a network is trained: what moves its samples, how batches are drawn, what is mixed, how synthetic rows are used."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Policy:
    """What leaves the class of an image as it is. Every image of a batch draws its own, both ways alike.

    turn: degrees.   shift: share of the side.   scale, light, contrast: share, 0.1 is up to a tenth more or less.
    mirror: whether half of the images are mirrored left to right. Off by default: a mirrored 2 is no 2.
    """

    turn: float = 10.0
    shift: float = 0.05
    scale: float = 0.1
    light: float = 0.05
    contrast: float = 0.1
    mirror: bool = False


@dataclass(frozen=True)
class SeriesPolicy:
    """What leaves the class of a series as it is. Every series of a batch draws its own; see `warps`.

    jitter: deviation of the noise, in standard deviations of a channel.   scale: deviation of the factor of a channel.
    warp: deviation of the logarithm of the speed of time.   shift: share of the length.
    """

    jitter: float = 0.03
    scale: float = 0.1
    warp: float = 0.2
    shift: float = 0.05


@dataclass(frozen=True)
class Style:
    """A way to train. The defaults are plain training: each row as often as any other, nothing moved.

    augment: move and light the images of all classes on the fly, as `policy` permits (Shorten and Khoshgoftaar 2019,
        doi 10.1186/s40537-019-0197-0); warp, shift and scale series, as `series` permits.
    power: a class of n rows is drawn with a chance proportional to n ** power: 1 as it occurs, 0.5 square root, 0 balanced
        (Mahajan et al. 2018, arXiv 1805.00932; Kang et al. 2020, arXiv 1910.09217).
    mixup: alpha of the Beta distribution by which two images and their labels are mixed; 0 is off (Zhang et al. 2018,
        arXiv 1710.09412).
    cmo: share of the batches in which a patch of an image, drawn from balanced classes, is pasted on an image drawn as
        usual, the label shared by area (Park et al. 2022, arXiv 2112.00412, there 0.5).
    deferred: last share of the steps in which a class weighs by its effective number of samples (Cao et al. 2019, arXiv
        1906.07413, there 0.2; the weights are those of Cui et al. 2019, arXiv 1901.05555); 0 is off.
    smoothing: share of each label that is spread over all classes (Szegedy et al. 2016, arXiv 1512.00567).
    synthetic_share: None: a synthetic row is a row as any other and makes its class larger. Otherwise a class is drawn as
        often as without them, and this share of its draws is synthetic.
    real_last: last share of the steps in which real rows alone are drawn.
    """

    augment: bool = False
    power: float = 1.0
    mixup: float = 0.0
    cmo: float = 0.0
    deferred: float = 0.0
    smoothing: float = 0.1
    synthetic_share: float | None = None
    real_last: float = 0.0
    policy: Policy = field(default_factory=Policy)
    series: SeriesPolicy = field(default_factory=SeriesPolicy)
