#!/usr/bin/env python3
"""Cuts the page's fonts out of the published ones and writes static/fonts/*.woff2 and static/css/fonts.css.

Run it after a change of SIGNS or LATIN below; see static/fonts/README.md for the commands. Its output is
checked in, so that neither a build nor a test needs Python.

Each face keeps one axis (weight, 400 to 700); the optical size is pinned to where the page uses the face.
Of the OpenType features only what the page uses stays: no ligatures in code, since `->` must look like what
was typed.
"""

import io
import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = HERE / "node_modules"
STATIC = HERE.parent.parent / "static"

# Printable ASCII, and the Latin-1 letters and signs that names and prose use.
LATIN = [*range(0x20, 0x7F), 0xA0, *[ord(c) for c in "§©«°±²³´µ¶·»¹¼½¾¿¡"], *range(0xC0, 0x100)]
# Punctuation and signs of the prose, of the interface, and of the stage's marks.
SIGNS = [ord(c) for c in "–—‘’‚“”„†•…′″‹›€−×←↑→↓↔≈≠≤≥∞√✓✗✕▶●○◆◇■□"]
BOXES = [ord(c) for c in "─│┌┐└┘├┤┬┴┼█░"]
# What the prose's one slanted weight needs.
SLANTED = [*range(0x20, 0x7F), 0xA0, *[ord(c) for c in "‘’“”–—…−×éöüä"]]

TEXT = ["kern", "mark", "mkmk", "ccmp", "locl"]


class Face:
    """One file to be cut: from which font, with what kept of its axes, characters and features.

    `reserved` names the cut font anew where the licence reserves the name of the published one.
    """

    def __init__(self, file, family, style, source, pins, keep, features, reserved=None):
        self.file, self.family, self.style = file, family, style
        self.source, self.pins, self.keep, self.features = source, pins, keep, features
        self.reserved = reserved


SERIF = Face(
    "source-serif-4.woff2", "Source Serif 4", "normal",
    "source-serif/VAR/SourceSerif4Variable-Roman.ttf",
    {"opsz": 18, "wght": (400, 700)}, LATIN + SIGNS, TEXT, "RaftLabSerif",
)
SERIF_ITALIC = Face(
    "source-serif-4-italic.woff2", "Source Serif 4", "italic",
    "source-serif/VAR/SourceSerif4Variable-Italic.ttf",
    {"opsz": 18, "wght": 400}, SLANTED, TEXT, "RaftLabSerif-Italic",
)
SANS = Face(
    "inter.woff2", "Inter", "normal",
    "inter-ui/variable/InterVariable.woff2",
    {"opsz": 14, "wght": (400, 700)}, LATIN + SIGNS, [*TEXT, "tnum"],
)
MONO = Face(
    "jetbrains-mono.woff2", "JetBrains Mono", "normal",
    "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
    {"wght": (400, 700)}, LATIN + SIGNS, ["ccmp", "locl", "mark", "mkmk"],
)
# The variable package has Latin only; arrows and boxes come from the static release of the face.
MONO_SIGNS = Face(
    "jetbrains-mono-signs.woff2", "JetBrains Mono", "normal",
    "jetbrains-mono/fonts/webfonts/JetBrainsMono-Regular.woff2",
    {}, [c for c in SIGNS if c > 0x218F] + BOXES, [],
)
FACES = [SERIF, SERIF_ITALIC, SANS, MONO, MONO_SIGNS]

# What stands in until a face has arrived: (face, the system's fonts by name, a free font of the same
# widths to measure). Several, since machines differ; a family whose local fonts are absent is skipped.
FALLBACKS = [
    (SERIF, ["Georgia", "Gelasio"], "@fontsource/gelasio/files/gelasio-latin-400-normal.woff2"),
    (
        SERIF, ["Times New Roman", "Liberation Serif", "Tinos"],
        "@fontsource/tinos/files/tinos-latin-400-normal.woff2",
    ),
    (
        SERIF, ["Noto Serif", "Droid Serif"],
        "@fontsource/noto-serif/files/noto-serif-latin-400-normal.woff2",
    ),
    (SERIF, ["DejaVu Serif"], "dejavu-fonts-ttf/ttf/DejaVuSerif.ttf"),
    (
        SANS, ["Arial", "Liberation Sans", "Arimo"],
        "@fontsource/arimo/files/arimo-latin-400-normal.woff2",
    ),
    (SANS, ["Roboto"], "@fontsource/roboto/files/roboto-latin-400-normal.woff2"),
    (SANS, ["DejaVu Sans"], "dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
    (
        MONO, ["Courier New", "Liberation Mono", "Cousine"],
        "@fontsource/cousine/files/cousine-latin-400-normal.woff2",
    ),
    (MONO, ["DejaVu Sans Mono"], "dejavu-fonts-ttf/ttf/DejaVuSansMono.ttf"),
]
# Widths are compared on running text, since that is what must not reflow.
PROSE = "The leader of a term counts its followers, writes each entry to most disks, then says so. "

CSS_HEAD = """\
/* Written by xtask/fonts/make.py: change it there. Where the faces come from: static/fonts/README.md.
 * Each family has stand-ins of the same widths and line heights, so that nothing moves when it arrives. */

"""


def cut(face):
    """The face as a small woff2, and as a font for measuring."""
    font = TTFont(PACKAGES / face.source)
    options = subset.Options()
    options.layout_features = face.features
    options.hinting = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["DSIG", "STAT", "MVAR", "meta"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=face.keep)
    subsetter.subset(font)
    if face.pins:
        font = instancer.instantiateVariableFont(font, face.pins, inplace=True)
    if face.reserved:
        # The OFL reserves the name for the font as published, and this is a modified one.
        for record in font["name"].names:
            if record.nameID in (1, 3, 4, 6):
                record.string = face.reserved
    font.flavor = "woff2"
    out = io.BytesIO()
    font.save(out)
    return out.getvalue(), font


def metrics(font):
    """Ascent, descent and line gap as browsers read them, as parts of an em."""
    em, os2, hhea = font["head"].unitsPerEm, font["OS/2"], font["hhea"]
    if os2.fsSelection & (1 << 7):
        lines = (os2.sTypoAscender, -os2.sTypoDescender, os2.sTypoLineGap)
    else:
        lines = (hhea.ascent, -hhea.descent, hhea.lineGap)
    return [line / em for line in lines]


def width(font):
    """The width of PROSE, in ems."""
    cmap, advances = font.getBestCmap(), font["hmtx"]
    return sum(advances[cmap[ord(c)]][0] for c in PROSE) / font["head"].unitsPerEm


def ranges(codes):
    """`unicode-range` of these characters."""
    runs = []
    for code in sorted(codes):
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return ", ".join(f"U+{a:X}" if a == b else f"U+{a:X}-{b:X}" for a, b in runs)


def face_rule(family, style, weight, file, codes):
    """An @font-face rule for one of our files."""
    return f"""@font-face {{
  font-family: "{family}";
  font-style: {style};
  font-weight: {weight};
  font-display: swap;
  src: url("fonts/{file}") format("woff2");
  unicode-range: {ranges(codes)};
}}

"""


def fallback_rule(family, names, ours, theirs):
    """An @font-face rule that dresses a system font in our widths and line heights."""
    adjust = width(ours) / width(theirs)
    ascent, descent, gap = (line / adjust for line in metrics(ours))
    local = ", ".join(f'local("{name}")' for name in names)
    return f"""@font-face {{
  font-family: "{family}";
  src: {local};
  size-adjust: {adjust:.2%};
  ascent-override: {ascent:.2%};
  descent-override: {descent:.2%};
  line-gap-override: {gap:.2%};
}}

"""


def stylesheet(fonts):
    """static/css/fonts.css, for these cut fonts."""
    css = CSS_HEAD
    have = {face: set(fonts[face].getBestCmap()) for face in FACES}
    for face in FACES:
        weight = "400" if face is SERIF_ITALIC else "400 700"
        codes = have[face] & set(face.keep)
        if face is MONO_SIGNS:
            # Of two faces with one character the later rule wins: a minus sign must not load this file.
            codes -= have[MONO]
        css += face_rule(face.family, face.style, weight, face.file, codes)
    # Signs that a face lacks are borrowed, so that they look alike on every machine.
    for face, lender in [(SERIF, SANS), (SANS, MONO_SIGNS), (SERIF, MONO_SIGNS)]:
        borrowed = (set(SIGNS) - have[face]) & have[lender]
        have[face] |= borrowed
        css += face_rule(face.family, "normal", "400 700", lender.file, borrowed)
    for face, names, measured in FALLBACKS:
        family = f"{face.family} as {names[0]}"
        css += fallback_rule(family, names, fonts[face], TTFont(PACKAGES / measured))
    return css.rstrip() + "\n"


def main():
    """Cuts every face, and says how big each became."""
    (STATIC / "css").mkdir(parents=True, exist_ok=True)
    fonts, total = {}, 0
    for face in FACES:
        data, fonts[face] = cut(face)
        (STATIC / "fonts" / face.file).write_bytes(data)
        total += len(data)
        print(f"{face.file:28} {len(data):6} bytes")
    print(f"{'together':28} {total:6} bytes")
    missing = set(SIGNS) - set().union(*(font.getBestCmap() for font in fonts.values()))
    if missing:
        sys.exit(f"no face has: {''.join(chr(c) for c in sorted(missing))}")
    (STATIC / "css" / "fonts.css").write_text(stylesheet(fonts))


if __name__ == "__main__":
    main()
