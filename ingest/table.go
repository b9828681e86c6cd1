package ingest

import "unicode/utf8"

// Tables: CSV and XLSX.
//
// A table is not decoded into columns: each of its rows becomes a line of NDJSON, and the
// decoder reads the lines as it reads any. What a good value is, is thus decided in one
// place; the reader of tables knows only which column is which field, and how a
// spreadsheet writes what JSON writes otherwise (1 for true, a;b for an array, N=36.2 for
// an object). What it cannot turn into the field's type it passes on as it stands, and
// the decoder refuses it by name. A second way, from cells to columns, would have saved
// the copy of a row and doubled the rules.
//
// The steps:
//
//	text      UTF-8, UTF-16 and GB 18030 become UTF-8                    csv.go
//	headings  the header row becomes steps: column, key, shape           csv_heading.go
//	rows      a row becomes cells: spans of the text                     csv_split.go
//	          (of a workbook: spans of the row's texts, put together)    xlsx.go
//	          bounds of a workbook, before a library reads it            xlsx_check.go
//	line      the steps write the cells as one JSON object               csv_cells.go
//	          and what only the roster's form has                        roster_form.go
//
// Some faults only the table shows: a number that the spreadsheet has rounded, an area's
// name that two areas have. The line of such a row is one that the decoder refuses, and
// the table's sentence then takes the place of the decoder's: see settle. A row that
// cannot become an object becomes a string or an array of what it holds, so that every
// item has its line, to be read again later.
//
// table belongs to its Request, and its memory is used again.
type table struct {
	delimiter byte
	valid     bool   // the whole text is valid UTF-8: no row has to be looked at
	badText   *fault // of a row that is not

	width int  // columns of the header
	count int  // cells of the row
	extra bool // the row has cells beyond it
	bad   bool // the row has text after a closing quote
	cells [MaxColumns]cell
	steps []step
	form  rosterForm

	since1904 bool // the days of a workbook count from there

	text   []byte // a cell, when it does not stand in the source as it is meant
	faults []rowFault
}

// rowFault is what the table found wrong with an item.
type rowFault struct {
	index uint32
	*fault
}

// What a whole table is refused with when it is read.
var (
	errNoHeading      error = &RequestError{CodeBadEncoding, "The table has no row of headings that names a known field."}
	errHeadingTwice   error = &RequestError{CodeBadEncoding, "The table names one field in two headings."}
	errTooManyColumns error = &RequestError{CodeBadEncoding, "The table has more than 256 columns."}
	errQuoteOpen      error = &RequestError{CodeBadEncoding, "The table has a quote that is never closed."}
	errSheet          error = &RequestError{CodeBadEncoding, "The body is not a workbook of a spreadsheet (XLSX) that can be read."}
	errSheetTooLarge  error = &RequestError{CodeBodyTooLarge, "The workbook is larger than 16 MiB, or holds too much when it is unpacked."}
)

// What a row of a table is refused with when it is read.
var (
	faultCells    = &fault{CodeBadSyntax, "The row has more cells than the table has headings.", ""}
	faultQuote    = &fault{CodeBadSyntax, "The row has text after a closing quote.", ""}
	faultNotGB    = &fault{CodeBadSyntax, "The item is not valid GB 18030.", ""}
	faultNotUTF16 = &fault{CodeBadSyntax, "The item is not valid UTF-16.", ""}

	faultRounded [fieldCount]*fault // of people
)

func init() {
	for _, f := range [...]field{fieldPerson, fieldFrom, fieldTo} {
		faultRounded[f] = &fault{CodePersonInvalid, `The field "` + fields[f].name + `" is a number that a spreadsheet has rounded; its column must be text.`, fields[f].name}
	}
}

// readTable turns the rows of a table into NDJSON.
// REQUIRES: f is a table.
// ENSURES: Rows has a row for each line of Body; an error means that there is nothing to decode.
func (r *Request) readTable(f Format, o Options) (err error) {
	t := &r.table
	t.reset(o)
	r.Rows = r.Rows[:0]
	defer func() {
		t.form.forget()
		if err != nil {
			r.Decoded.Reset()
		}
	}()
	if f == FormatXLSX {
		return r.readSheet(o)
	}
	if err := r.readText(f); err != nil {
		return err
	}
	return r.readRows(o)
}

func (t *table) reset(o Options) {
	t.delimiter, t.valid, t.badText = ',', true, faultNotUTF8
	t.width, t.extra, t.bad = 0, false, false
	t.steps, t.faults = t.steps[:0], t.faults[:0]
	t.since1904 = false
	t.form.reset(o)
}

// note remembers what is wrong with an item. As many as the decoder details are enough:
// what is settled is among its first ones.
func (t *table) note(index int, f *fault) {
	if len(t.faults) < MaxItemErrors {
		t.faults = append(t.faults, rowFault{uint32(index), f})
	}
}

// settle gives the items that the table found a fault with their sentence. Both lists are
// in order.
func (r *Request) settle() {
	errors := r.Decoded.Errors
	for _, f := range r.table.faults {
		for len(errors) > 0 && errors[0].Index < f.index {
			errors = errors[1:]
		}
		if len(errors) > 0 && errors[0].Index == f.index {
			errors[0] = ItemError{f.index, f.code, f.message, f.field}
		}
	}
}

// Column is the heading of the column that holds a field, as the table's form names it.
func (r *Request) Column(field string) string { return r.table.form.heading(field) }

// line appends one row as a line of NDJSON, and what is wrong with it, unless it is blank.
// raw is the row as it stands in the source, for one that cannot become an object.
func (r *Request) line(dst, src, raw []byte, row int) ([]byte, error) {
	t, mark := &r.table, len(dst)
	var f *fault
	switch {
	case len(raw) > MaxItemBytes && !t.isBlank(src):
		f = faultTooLong
	case !t.valid && !utf8.Valid(raw):
		f = t.badText
	case t.bad:
		f = faultQuote
	case t.extra:
		f = faultCells
	case len(raw) <= MaxItemBytes:
		dst, f = t.object(dst, src)
	}
	if len(dst) == mark {
		switch {
		case f != nil:
			dst = appendText(dst, raw)
		case t.isBlank(src):
			return dst, nil
		default:
			dst = append(dst, "{}"...)
		}
	}
	if len(r.Rows) == MaxItems {
		return dst, ErrTooManyItems
	}
	if f != nil {
		t.note(len(r.Rows), f)
	}
	r.Rows = append(r.Rows, uint32(row))
	if dst = append(dst, '\n'); len(dst) > MaxBodyBytes {
		return dst, ErrBodyTooLarge
	}
	return dst, nil
}
