"""Frozen packs as documents: page, PDF, slides and workbook, all made of a pack's body and nothing else.

`document.py` puts a pack into words, numbers and drawings once; the others set that: equal packs are equal bytes.
"""
