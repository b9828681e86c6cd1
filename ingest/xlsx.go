package ingest

import (
	"bytes"
	"errors"
	"slices"

	"github.com/xuri/excelize/v2"
)

// XLSX. A library reads the workbook: what spreadsheet programs write is its trade, and it
// is kept up with them. It takes memory for whatever an archive holds, though, and ends a
// sheet that is damaged as if it were over. So our own code bounds it, and reads no XML
// itself: before the library sees the archive, xlsx_check.go unpacks all of it once and
// holds it to limits_table.go; after it, the rows are bounded as they come. One workbook is
// read at a time, and nothing of it is written to a file.
//
// The library gives texts without their kinds. A number that stands for a time is known by
// its column, and an ID that has lost its last digits by what CSV knows it by.

// sheetTurn holds one token: whoever has it reads a workbook.
var sheetTurn = func() chan struct{} {
	turn := make(chan struct{}, 1)
	turn <- struct{}{}
	return turn
}()

// noFolder names no folder on any system: the library can put nothing there.
const noFolder = "\x00"

// sharedTextsPart is the part that the library reads the shared texts from.
const sharedTextsPart = "xl/sharedStrings.xml"

// readSheet turns the rows of a workbook into lines. REQUIRES: no Decoder is held, for this
// may wait long.
func (r *Request) readSheet(o Options) error {
	if len(r.Body) > MaxSheetBytes {
		return errSheetTooLarge
	}
	<-sheetTurn
	defer func() { sheetTurn <- struct{}{} }()
	if err := checkWorkbook(r.Body); err != nil {
		return err
	}
	return unbroken(func() error { return r.workbook(o) })
}

// unbroken is what read returns, errSheet where it panics: the library does on some broken
// workbooks.
func unbroken(read func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errSheet
		}
	}()
	return read()
}

// workbook reads the first of the sheets that has headings.
func (r *Request) workbook(o Options) error {
	f, err := excelize.OpenReader(bytes.NewReader(r.Body), excelize.Options{
		RawCellValue: true, TmpDir: noFolder, // limits that are equal make it use no files either
		UnzipSizeLimit: MaxSheetUnzippedBytes, UnzipXMLSizeLimit: MaxSheetUnzippedBytes,
	})
	if err != nil {
		return errSheet
	}
	defer f.Close()
	f.Pkg.Range(func(name, part any) bool {
		text, _ := part.([]byte)
		if len(text) > sheetStrictBytesMax && bytes.Contains(text, []byte("purl.oclc.org")) {
			err = errSheetTooLarge
		}
		f.Pkg.Store(name, bytes.Clone(text)) // it has as much memory again as it needs
		return err == nil
	})
	if err != nil {
		return err
	}
	props, err := f.GetWorkbookProps()
	if err != nil {
		return errSheet
	}
	r.table.since1904 = props.Date1904 != nil && *props.Date1904
	names := f.GetSheetList()
	for _, name := range names[:min(len(names), sheetTabsMax)] {
		found, err := r.sheet(f, name, o)
		if found || err != nil {
			return err
		}
	}
	return errNoHeading
}

// sheet turns the rows of a sheet into lines. It tells whether the sheet has headings.
func (r *Request) sheet(f *excelize.File, name string, o Options) (headings bool, err error) {
	rows, err := f.Rows(name)
	var absent excelize.ErrSheetNotExist
	if errors.As(err, &absent) {
		return false, nil
	} else if err != nil {
		return false, errSheet
	}
	defer rows.Close()
	t := &r.table
	t.valid, t.badText = false, faultNotUTF8
	t.width = MaxColumns
	dst, src := r.lines[:0], []byte(nil)
	seen, cells, size := 0, 0, 0
	for row := 1; rows.Next(); row++ { // also those that are left out
		texts, err := rows.Columns()
		if err != nil {
			return headings, errSheet
		}
		if f.SharedStrings != nil { // it has read them
			f.Pkg.Delete(sharedTextsPart)
		}
		if len(texts) > 0 {
			seen++
		}
		cells += len(texts)
		if src = t.keepRow(src[:0], texts, &size); cells > sheetCellsMax || size > sheetTextBytesMax {
			return headings, errSheetTooLarge
		}
		if !headings {
			if headings, err = t.sheetHeader(src, o, row); err != nil {
				return false, err
			}
			if !headings && seen >= tableTitleRows {
				return false, nil
			}
			continue
		}
		t.extra = false // a remark beside the table shifts no column
		t.markTimes(src)
		if dst, err = r.line(dst, src, src, row); err != nil {
			r.lines = dst
			return true, err
		}
	}
	if rows.Error() != nil {
		return headings, errSheet
	}
	if headings {
		r.Body, r.lines = dst, r.Body
	}
	return headings, nil
}

// keepRow puts the cells of a row together, and counts the bytes of all. Of a row that is
// longer than an item may be, so much is kept that the decoder says so.
func (t *table) keepRow(dst []byte, texts []string, size *int) []byte {
	t.extra, t.bad, t.count = false, false, 0
	clear(t.cells[:t.width])
	for column, text := range texts {
		*size += len(text)
		if len(text) == 0 || len(dst) > MaxItemBytes {
			continue
		}
		off := len(dst)
		dst = append(dst, text...)
		if len(trimBlanks(dst[off:])) == 0 {
			dst = dst[:off]
			continue
		}
		t.count = column + 1
		if column < t.width {
			t.cells[column] = cell{uint32(off), uint32(len(dst)), cellText}
		} else {
			t.extra = true
		}
		dst = append(dst, '\t') // between the cells of a row that is kept as it stands
	}
	return dst
}

// sheetHeader makes the steps of a row when it holds headings.
func (t *table) sheetHeader(src []byte, o Options, row int) (found bool, err error) {
	if t.extra {
		return false, errTooManyColumns
	}
	if row <= tableTitleRows && o.Endpoint == Roster && t.isForm(src) {
		return true, t.readHeadings(src, o)
	}
	known := func(c cell) bool { return headingNamed(trimBlanks(src[c.off:c.end])) != nil }
	if slices.ContainsFunc(t.cells[:t.width], known) {
		return true, t.readHeadings(src, o)
	}
	return false, nil
}

// markTimes makes numbers of the cells that hold a time as a number of days.
func (t *table) markTimes(src []byte) {
	for i := range t.steps {
		s := &t.steps[i]
		c := &t.cells[s.column]
		if (s.shape == shapeTime || s.shape == shapeDay) && isDecimal(src[c.off:c.end]) {
			c.kind = cellNumber
		}
	}
}
