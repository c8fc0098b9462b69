"""A picture of the first screen of a report, for the README.

    python docs/screenshot.py data/report/report.html docs/report.png

Takes Chromium from the PATH, and Playwright, which `pip install '.[dev]'` brings.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 1180, 2000


def main(report: Path, picture: Path) -> None:
    """Write what a reader sees first: from the top of the page to the end of the next steps."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(report.resolve().as_uri())
        end = page.locator("#decision ol").bounding_box()
        page.screenshot(path=picture, clip={"x": 0, "y": 0, "width": WIDTH, "height": end["y"] + end["height"] + 16})
        browser.close()
    print(f"wrote {picture}, {picture.stat().st_size // 1000} kB")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python docs/screenshot.py REPORT.html PICTURE.png")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
