"""Small papers for tests: a template of three kinds, texts that state some of them, PDFs written by hand."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.records.search.ideas import SubCategory

GELU = SubCategory(
    path="operator/activation/smooth",
    says="Activations without a corner, and where they replace those that have one.",
    origin="ours",
    marks=("GELU", "SiLU"),
)
SHORTCUT = SubCategory(
    path="block/residual/shortcut",
    says="What is added to the output of a block, and how far back it comes from.",
    origin="paper",
    marks=("residual",),
)
DILATED = SubCategory(
    path="operator/convolution/dilated",
    says="Convolutions whose window has gaps.",
    origin="paper",
    marks=("dilation",),
)
LEAVES = (GELU, SHORTCUT, DILATED)

PAPER = """\
# Small networks
<!-- SPDX-License-Identifier: CC-BY-4.0 -->

We train small networks on small images.

## Activations

In all blocks of the trunk we put a GELU where others have a ReLU: its slope near zero is smooth.

```python
residual = nn.GELU()  # code is no text
```

## Blocks

A residual shortcut adds the input of each block to its output, after the second normalisation.
"""

STATED = "Put a GELU in place of each ReLU in the blocks of the trunk."


def pdf(pages: Sequence[str]) -> bytes:
    """Return a PDF with a line of text on each page, in the smallest form that readers take."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for index, text in enumerate(pages):
        stream = (
            "BT /F1 12 Tf 40 700 Td 14 TL " + " ".join(f"({line}) Tj T*" for line in text.split("\n")) + " ET"
        )
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * index} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    return assembled(objects)


def assembled(objects: Sequence[str]) -> bytes:
    """Return the PDF of objects, numbered from 1; the first is its root."""
    content, places = "%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(content))
        content += f"{number} 0 obj\n{each}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    tail = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return f"{content}{tail}startxref\n{len(content)}\n%%EOF\n".encode("latin-1")
