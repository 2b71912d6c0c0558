#!/usr/bin/env bash
# A workbook that a program made with XlsxWriter holds 0 for every formula, and readers of "cached values" take it for data.
#
# Versions:  XlsxWriter 3.3.1, openpyxl 3.1.5, python-calamine 0.9.1.
# Guessed:   a formula that nobody has calculated has no stored value (openpyxl's own files: None with data_only=True).
# Behaviour: XlsxWriter writes <v>0</v> beside the formula and asks for a calculation with <calcPr fullCalcOnLoad="1"/>. Excel
#            calculates on opening, so a person never sees the 0; openpyxl (data_only) and calamine give 0 and say nothing,
#            also where the formula's result would be a text. Only the workbook's calcPr tells that the values are not to be used.
# Source:    XlsxWriter documentation, "Working with Formulas", "Formula Results"; ECMA-376 part 1, 18.2.2 calcPr.
# Seen:      openpyxl: [0, 0]; python-calamine: [0.0, 0.0]; workbook.xml: fullCalcOnLoad="1".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check python-calamine==0.9.1 XlsxWriter==3.3.1 openpyxl==3.1.5
"$folder/venv/bin/python" - "$folder/book.xlsx" <<'PYTHON'
import sys
import zipfile

import openpyxl
import python_calamine
import xlsxwriter

path = sys.argv[1]
book = xlsxwriter.Workbook(path)
sheet = book.add_worksheet()
sheet.write_formula(0, 0, "=2980*10000")  # a price
sheet.write_formula(1, 0, '=CONCATENATE("Oita ", "1-2-3")')  # an address
book.close()

values = [row[0].value for row in openpyxl.load_workbook(path, data_only=True).active]
rows = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
with zipfile.ZipFile(path) as parts:
    workbook = parts.read("xl/workbook.xml").decode()
print("openpyxl:", values, "python-calamine:", rows)
assert 'fullCalcOnLoad="1"' in workbook
assert values == [0, 0], "openpyxl or XlsxWriter now tells that nothing was calculated"
assert rows == [[0.0], [0.0]]
PYTHON
echo "as described: formulas that were never calculated read as 0"
