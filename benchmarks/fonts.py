"""Letters and digits of the type faces that are installed, as a picture set with many classes.

    apt-get install -y $(python benchmarks/fonts.py --packages)
    python benchmarks/fonts.py DIR

writes DIR/fonts/{train,test}/<class>/<family>.png, 28 pixels a side: 62 classes (`upper A`, `lower a`, `digit 0`), one picture
for each family, in its plainest style. Families that lack a glyph are left out, and so are those whose glyphs repeat, such as
small capitals. A family is in train or in test with all its glyphs. The pictures are drawn anew from the fonts, which have
licences of their own; none is kept here.
"""

import argparse
import string
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PACKAGES = """
3270 adf-accanthis adf-baskervald adf-berenis adf-gillius adf-ikarius adf-irianis adf-libris adf-mekanus adf-oldania
adf-romande adf-solothurn adf-switzera adf-tribun adf-universalis adf-verana aenigma agave allerta anonymous-pro arapey
averia-gwf averia-sans-gwf averia-serif-gwf b612 bajaderka bebas-neue beteckna blankenburg breip cabin cabinsketch cantarell
cardo century-catalogue clear-sans comfortaa comic-neue compagnon courier-prime crosextra-caladea crosextra-carlito
dancingscript dejavu dkg-handwriting dosis dustin ebgaramond ecolier-court engadget essays1743 eurofurence f500 fantasma
fantasque-sans fanwood femkeklaver ferrite-core firacode freefont-ttf georgewilliams go goudybookletter hack havana humor-sans
inconsolata isabella jetbrains-mono junction junicode jura karla kaushanscript klaudia-berenika kristi lato le-murmure
league-mono league-spartan leckerli-one levien-museum levien-typoscript liberation lindenhill linuxlibertine lobster lobstertwo
manrope monofur monoid mononoki national-park ocr-a ocr-b okolaks oldstandard open-sans opendyslexic osifont paratype play
prociono quattrocento quicksand radisnoir roadgeek roboto-unhinted rufscript sil-andika sil-charis sil-doulos sil-gentiumplus
sjfonts sora staypuft stix summersby tomsontalks tuffy ubuntu-title urw-base35 vollkorn yanone-kaffeesatz
"""  # of Debian 12, without the prefix fonts-
GLYPHS = (
    {f"upper {one}": one for one in string.ascii_uppercase}
    | {f"lower {one}": one for one in string.ascii_lowercase}
    | {f"digit {one}": one for one in string.digits}
)
SIDE, FINER = 28, 6  # pixels of a picture, and how many times finer it is drawn
CAPITALS, BELOW = 18, 6  # pixels: height of an H, and room below the base line
PLAIN = ("Regular", "Book", "Roman", "Medium")
LEAST_INK = 80  # mean grey times pixels / 255 of a drawn glyph; less is an empty one
MOST_REPEATED = 7  # glyphs of a family that may look like another of it


def families() -> dict[str, Path]:
    """Return family -> file of its plainest style, of all fonts for English that fontconfig knows."""
    said = subprocess.run(
        ["fc-list", "-f", "%{family[0]}|%{style[0]}|%{file}\n", ":lang=en"], capture_output=True, text=True, check=True
    )
    found: dict[str, list[tuple[bool, str, Path]]] = {}
    for family, style, file in (line.split("|") for line in said.stdout.splitlines() if line.count("|") == 2):
        if file.lower().endswith((".ttf", ".otf")):
            found.setdefault(family, []).append((style not in PLAIN, style, Path(file)))
    return {family: min(styles)[2] for family, styles in sorted(found.items())}


def scaled(file: Path) -> ImageFont.FreeTypeFont | None:
    """Return the font at the size at which its H has the height wanted; None where it has none."""
    font = ImageFont.truetype(file, 100)
    _, top, _, bottom = font.getbbox("H")
    return ImageFont.truetype(file, round(100 * CAPITALS * FINER / (bottom - top))) if bottom > top else None


def drawn(font: ImageFont.FreeTypeFont, glyph: str) -> np.ndarray:
    """Return (28, 28) uint8, white on black: the glyph on the base line, in the middle from left to right."""
    side = SIDE * FINER
    picture = Image.new("L", (side, side))
    left, _, right, _ = font.getbbox(glyph, anchor="ls")
    place = ((side - left - right) / 2, side - BELOW * FINER)
    ImageDraw.Draw(picture).text(place, glyph, font=font, fill=255, anchor="ls")
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


def complete() -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yield each family that has all glyphs, with its pictures by class."""
    for family, file in families().items():
        font = scaled(file)
        if font is None:
            continue
        pictures = {name: drawn(font, glyph) for name, glyph in GLYPHS.items()}
        different = len({one.tobytes() for one in pictures.values()})
        if (
            min(one.sum() for one in pictures.values()) >= LEAST_INK * 255 / 8
            and different >= len(GLYPHS) - MOST_REPEATED
        ):
            yield family, pictures


def main() -> None:
    """Draw all families."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="where `fonts/` is made")
    parser.add_argument("--packages", action="store_true", help="print the Debian packages that the study used")
    given = parser.parse_args()
    if given.packages or given.folder is None:
        print(" ".join(f"fonts-{name}" for name in PACKAGES.split()))
        return
    count = 0
    for family, pictures in complete():
        split = ("train", "test")[zlib.crc32(family.encode()) % 2]
        for name, picture in pictures.items():
            file = given.folder / "fonts" / split / name / f"{family.replace('/', '-')}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(file)
        count += 1
    print(f"{count} families in {given.folder / 'fonts'}")


if __name__ == "__main__":
    main()
