package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// loadXLSX reads the first sheet with the heading of its kind, row by row, and sends it as CSV: one
// way for files of any size and every kind, with the batches and rows of --batch. Cells go
// as they are stored, so that no digit of a number is lost to its display; a date under a
// heading of a time (`at`, `…_at`) becomes a time without an offset, which --zone places.
type loadXLSX struct {
	file     *excelize.File
	rows     *excelize.Rows
	row      int64
	heading  []string
	times    []bool // by column
	date1904 bool
	memory   bytes.Buffer
	line     *csv.Writer
}

func newLoadXLSX(in io.Reader, key string) (*loadXLSX, error) {
	packed, err := io.ReadAll(io.LimitReader(in, loadXLSXBytesMax+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the file: %w", err)
	}
	if len(packed) > loadXLSXBytesMax {
		return nil, fmt.Errorf("cannot read the file: got more than %d bytes: %w", loadXLSXBytesMax, errLoadFile)
	}
	file, err := excelize.OpenReader(bytes.NewReader(packed), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: loadXLSXBytesMax, UnzipXMLSizeLimit: loadXLSXBytesMax,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read the spreadsheet: got no XLSX, or one of more than %d bytes: %w", loadXLSXBytesMax, errors.Join(err, errLoadFile))
	}
	x := &loadXLSX{file: file}
	x.line = csv.NewWriter(&x.memory)
	if props, err := file.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		x.date1904 = *props.Date1904
	}
	sheets := file.GetSheetList()
	sheets = sheets[:min(len(sheets), loadSheetsMax)]
	for _, key := range []string{key, ""} { // else any heading: the server says what is wrong with it
		for _, sheet := range sheets {
			if ok, err := x.findHeading(sheet, key); err != nil {
				return nil, errors.Join(fmt.Errorf("cannot read the spreadsheet: %w", err), x.Close())
			} else if ok {
				return x, nil
			}
		}
	}
	return nil, errors.Join(fmt.Errorf("cannot read the spreadsheet: got no heading: %w", errLoadFile), x.Close())
}

// findHeading opens a sheet twice: to find a heading that holds key, or the form's, and to
// stand behind it.
func (x *loadXLSX) findHeading(sheet, key string) (found bool, err error) {
	rows, err := x.file.Rows(sheet)
	if err != nil {
		return false, err
	}
	at, heading := int64(0), []string(nil)
	for row := int64(1); row <= loadHeaderRowsMax && rows.Next(); row++ {
		cells, err := rows.Columns()
		if err != nil {
			return false, errors.Join(err, rows.Close())
		}
		form := slices.Contains(cells, headingName) && slices.Contains(cells, headingPerson)
		if form || heading == nil && !blankCells(cells) {
			at, heading, found = row, cells, form || key == "" || hasHeading(cells, key)
		}
		if form {
			break
		}
	}
	if err := rows.Close(); err != nil || !found {
		return false, err
	}
	if x.rows, err = x.file.Rows(sheet); err != nil {
		return false, err
	}
	for ; x.row < at; x.row++ {
		x.rows.Next()
		if _, err := x.rows.Columns(); err != nil {
			return false, err
		}
	}
	x.heading = heading
	for _, name := range heading {
		name = strings.ToLower(strings.TrimSpace(name))
		x.times = append(x.times, name == "at" || strings.HasSuffix(name, "_at"))
	}
	return true, nil
}

func hasHeading(cells []string, key string) bool {
	return slices.ContainsFunc(cells, func(cell string) bool { return strings.EqualFold(strings.TrimSpace(cell), key) })
}

func blankCells(cells []string) bool {
	return !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

// Close gives back what excelize holds.
func (x *loadXLSX) Close() (err error) {
	if x.rows != nil {
		err = x.rows.Close()
	}
	return errors.Join(err, x.file.Close())
}

func (x *loadXLSX) begin(body []byte) ([]byte, int, error) {
	body, err := x.appendRow(body, x.heading)
	return body, 1, err
}

func (x *loadXLSX) end(body []byte) []byte { return body }

func (x *loadXLSX) next(body []byte) ([]byte, int64, error) {
	for x.rows.Next() {
		x.row++
		cells, err := x.rows.Columns()
		if err != nil {
			return body, 0, fmt.Errorf("cannot read row %d: %w", x.row, err)
		}
		if blankCells(cells) {
			continue
		}
		for len(cells) < len(x.heading) {
			cells = append(cells, "")
		}
		for i, at := range x.times {
			if at {
				cells[i] = x.timeOf(cells[i])
			}
		}
		body, err = x.appendRow(body, cells)
		return body, x.row, err
	}
	if err := x.rows.Error(); err != nil {
		return body, 0, fmt.Errorf("cannot read after row %d: %w", x.row, err)
	}
	return body, 0, io.EOF
}

// timeOf turns the number that a spreadsheet keeps of a date into a time; words stay.
func (x *loadXLSX) timeOf(cell string) string {
	days, err := strconv.ParseFloat(cell, 64)
	if err != nil || !(days >= 1 && days < 100_000) {
		return cell
	}
	// The day is counted apart: a float of days since 1899 holds a second, but not exactly.
	whole := math.Floor(days)
	day, err := excelize.ExcelDateToTime(whole, x.date1904)
	if err != nil {
		return cell
	}
	seconds := time.Duration(math.Round((days-whole)*86400)) * time.Second
	return day.Add(seconds).Format("2006-01-02T15:04:05")
}

func (x *loadXLSX) appendRow(body []byte, cells []string) ([]byte, error) {
	x.memory.Reset()
	if err := x.line.Write(cells); err != nil {
		return body, err
	}
	x.line.Flush()
	return append(body, x.memory.Bytes()...), x.line.Error()
}
