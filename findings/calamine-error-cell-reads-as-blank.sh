#!/usr/bin/env bash
# A cell that shows #DIV/0! or #N/A comes out of python-calamine as '', the very value of an empty cell.
#
# Versions:  python-calamine 0.9.1, XlsxWriter 3.3.1 (the writer), openpyxl 3.1.5 (for comparison).
# Guessed:   an error in the cell is an error, a marker or at least None, since openpyxl gives the text '#DIV/0!'.
# Behaviour: CalamineSheet.to_python() gives an empty string for an error, so that a reader which clears a column for an
#            empty cell wipes the value whenever a formula fails.
# Source:    python-calamine, src/types/cell.rs: the error of a cell becomes CellValue::Empty, which becomes "" in Python.
# Seen:      calamine: ['AA00001', ''] for the formula that failed and ['AA00002', ''] for the empty price;
#            openpyxl: ['AA00001', '#DIV/0!'] and ['AA00002', None].
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check python-calamine==0.9.1 XlsxWriter==3.3.1 openpyxl==3.1.5
"$folder/venv/bin/python" - "$folder/book.xlsx" <<'PYTHON'
import sys

import openpyxl
import python_calamine
import xlsxwriter

path = sys.argv[1]
book = xlsxwriter.Workbook(path)
sheet = book.add_worksheet("Listings")
sheet.write_row(0, 0, ["number", "price"])
sheet.write_string(1, 0, "AA00001")
sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")  # the stored result of a formula that fails
sheet.write_string(2, 0, "AA00002")  # and a price that is empty
book.close()

with_calamine = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
with_openpyxl = [
    [cell.value for cell in row] for row in openpyxl.load_workbook(path, data_only=True).active
]
print("python-calamine:", with_calamine)
print("openpyxl:       ", with_openpyxl)
assert with_openpyxl[1][1] == "#DIV/0!"
assert with_openpyxl[2][1] is None
assert with_calamine[1][1] == with_calamine[2][1] == "", "python-calamine now tells them apart"
PYTHON
echo "as described: a failed formula and an empty cell are the same empty text"
