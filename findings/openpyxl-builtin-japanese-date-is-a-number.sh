#!/usr/bin/env bash
# A date in Excel's own Japanese format (2024年1月31日, built-in format 31) is read by openpyxl as the number 45322.
#
# Versions:  openpyxl 3.1.5, XlsxWriter 3.3.1 (the writer), python-calamine 0.9.1 (for comparison).
# Guessed:   openpyxl turns date cells into datetime, whatever format shows the date.
# Behaviour: number formats 27 to 36 and 50 to 58 are built into East Asian editions of Excel: a workbook names them by
#            number alone. openpyxl's table of built-in formats has a gap there, calls them "General" and gives the serial number.
#            The same date under a format that is spelled out in the workbook comes as datetime.
# Source:    ECMA-376 part 1, 18.8.30 numFmt (ids 27-36, 50-58 by language); openpyxl/styles/numbers.py, BUILTIN_FORMATS.
# Seen:      format 31: General 45322 (int); [$-411]ggge"年"m"月"d"日": datetime(2024, 1, 31); calamine: date(2024, 1, 31) for both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check python-calamine==0.9.1 XlsxWriter==3.3.1 openpyxl==3.1.5
"$folder/venv/bin/python" - "$folder/book.xlsx" <<'PYTHON'
import datetime
import sys

import openpyxl
import python_calamine
import xlsxwriter

path = sys.argv[1]
book = xlsxwriter.Workbook(path)
sheet = book.add_worksheet()
sheet.write_number(0, 0, 45322, book.add_format({"num_format": 31}))
sheet.write_number(1, 0, 45322, book.add_format({"num_format": '[$-411]ggge"年"m"月"d"日"'}))
book.close()

builtin, spelled = (row[0] for row in openpyxl.load_workbook(path, data_only=True).active)
print("openpyxl, built-in format 31:", builtin.number_format, repr(builtin.value))
print("openpyxl, format spelled out:", spelled.number_format, repr(spelled.value))
rows = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
print("python-calamine:", rows)
day = datetime.datetime(2024, 1, 31)
assert spelled.value == day
assert rows == [[day.date()], [day.date()]]
assert (builtin.number_format, builtin.value) == ("General", 45322), "openpyxl now knows the format"
PYTHON
echo "as described: the date is a bare number, and its format is said to be General"
