package main

import (
	"bytes"
	"fmt"
	"io"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Headings of the roster form: it may have title rows above the one that holds both.
const (
	headingName   = "受检对象姓名"
	headingPerson = "身份证号"
)

// loadCSV cuts a CSV file between records, never inside quotes, and gives every batch the
// heading. Rows count as a spreadsheet program shows them: a record is one however many
// lines it has, blank ones count, `sep=` does not. Another delimiter than the comma, as
// `sep=` or the heading tells, becomes the comma.
//
// The bytes themselves are looked at, also of GBK: quotes, commas and line ends are never
// part of another character there.
type loadCSV struct {
	in      loadReader
	comma   byte // 0: not known yet
	heading []byte
	ahead   [][]byte // records read while the heading was looked for
	after   error    // what came after them
	record  []byte   // memory for one with another delimiter
	row     int64
}

func newLoadCSV(in io.Reader, charset string, roster bool) (*loadCSV, error) {
	c := &loadCSV{in: newLoadReader(in)}
	if mark, err := c.in.in.Peek(2); err == nil && (mark[0] == 0xff && mark[1] == 0xfe || mark[0] == 0xfe && mark[1] == 0xff) {
		// What a spreadsheet program calls Unicode text is UTF-16.
		c.in = newLoadReader(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(c.in.in))
	}
	at, err := c.findHeading(charset, roster)
	if err != nil {
		return nil, err
	}
	c.heading = c.withCommas(nil, c.ahead[at])
	c.row, c.ahead = int64(at+1), c.ahead[at+1:]
	return c, nil
}

// findHeading reads ahead until it knows where the heading is, and the delimiter. It is the
// first row that is not blank, but a roster may be the form, with titles above.
func (c *loadCSV) findHeading(charset string, roster bool) (at int, err error) {
	at = -1
	given := false
	for i := 0; i < loadHeaderRowsMax; i++ {
		record, err := c.readRecord(nil)
		if err == io.EOF {
			break
		}
		if err != nil && at < 0 {
			return 0, fmt.Errorf("cannot read row %d: %w", i+1, err)
		}
		if err != nil {
			c.after = err
			break
		}
		if rest, ok := bytes.CutPrefix(bytes.ToLower(record), []byte("sep=")); ok && i == 0 && !given {
			if rest = bytes.TrimRight(rest, "\r\n"); len(rest) == 1 && rest[0] != '"' {
				c.comma, given = rest[0], true
				i--
				continue
			}
		}
		c.ahead = append(c.ahead, record)
		if at < 0 && !blankRecord(record) {
			at = len(c.ahead) - 1
		}
		if isFormHeading(record, charset) {
			at = len(c.ahead) - 1
			break
		}
		if at >= 0 && (!roster || bytes.Contains(bytes.ToLower(record), []byte("person"))) {
			break
		}
	}
	if at < 0 {
		return 0, fmt.Errorf("cannot read the file: got no heading: %w", errLoadFile)
	}
	if !given {
		c.comma = delimiterOf(c.ahead[at])
	}
	return at, nil
}

// delimiterOf is what a heading holds most of.
func delimiterOf(heading []byte) byte {
	commas, semicolons, tabs := bytes.Count(heading, []byte{','}), bytes.Count(heading, []byte{';'}), bytes.Count(heading, []byte{'\t'})
	switch {
	case tabs > commas && tabs > semicolons:
		return '\t'
	case semicolons > commas:
		return ';'
	}
	return ','
}

// isFormHeading says whether a record is the heading of the roster form.
func isFormHeading(record []byte, charset string) bool {
	if charset != "utf-8" {
		text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(record)
		if err != nil {
			return false
		}
		record = text
	}
	return bytes.Contains(record, []byte(headingName)) && bytes.Contains(record, []byte(headingPerson))
}

// blankRecord says whether all cells are empty.
func blankRecord(record []byte) bool {
	for _, b := range record {
		if b != ',' && b != ';' && b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return false
		}
	}
	return true
}

func (c *loadCSV) begin(body []byte) ([]byte, int, error) { return append(body, c.heading...), 1, nil }
func (c *loadCSV) end(body []byte) []byte                 { return body }

func (c *loadCSV) next(body []byte) ([]byte, int64, error) {
	from := len(body)
	for {
		c.row++
		var err error
		switch {
		case len(c.ahead) > 0:
			body = c.withCommas(body[:from], c.ahead[0])
			c.ahead = c.ahead[1:]
		case c.after != nil:
			err = c.after
		case c.comma == ',':
			body, err = c.readRecord(body[:from])
		default:
			if c.record, err = c.readRecord(c.record[:0]); err == nil {
				body = c.withCommas(body[:from], c.record)
			}
		}
		if err != nil {
			if err != io.EOF {
				err = fmt.Errorf("cannot read row %d: %w", c.row, err)
			}
			return body[:from], 0, err
		}
		if !blankRecord(body[from:]) {
			return body, c.row, nil
		}
	}
}

// readRecord appends the next record, with a line end.
func (c *loadCSV) readRecord(dst []byte) ([]byte, error) {
	from, open, comma := len(dst), false, c.comma
	for {
		at := len(dst)
		var err error
		if dst, err = c.in.line(dst); err == io.EOF && open {
			return dst[:from], fmt.Errorf("got a quotation mark that nothing closes: %w", errLoadFile)
		}
		if err != nil {
			return dst[:from], err
		}
		if comma == 0 { // not known yet
			comma = delimiterOf(dst[at:])
		}
		if open = quotesOpen(dst[at:], comma, open); !open {
			break
		}
		if len(dst)-from > loadBatchBytesMax {
			return dst[:from], fmt.Errorf("got a quotation mark that nothing closes: %w", errLoadItem)
		}
	}
	if dst[len(dst)-1] != '\n' {
		dst = append(dst, '\n')
	}
	return dst, nil
}

// quotesOpen says whether quotes are open after a line that began inside or outside of them.
func quotesOpen(line []byte, comma byte, open bool) bool {
	if !open && bytes.IndexByte(line, '"') < 0 {
		return false
	}
	for {
		if open {
			quote := bytes.IndexByte(line, '"')
			if quote < 0 {
				return true
			}
			line = line[quote+1:]
			if len(line) > 0 && line[0] == '"' { // two are one that belongs to the text
				line = line[1:]
				continue
			}
		} else if len(line) > 0 && line[0] == '"' {
			line, open = line[1:], true
			continue
		}
		open = false
		next := bytes.IndexByte(line, comma)
		if next < 0 {
			return false
		}
		line = line[next+1:]
	}
}

// withCommas appends a record with commas between its cells.
func (c *loadCSV) withCommas(dst, record []byte) []byte {
	if c.comma == ',' {
		return append(dst, record...)
	}
	for {
		cell := record
		if len(record) > 0 && record[0] == '"' {
			at := 1
			for at < len(record) {
				if quote := bytes.IndexByte(record[at:], '"'); quote < 0 {
					at = len(record)
				} else if at += quote + 1; at < len(record) && record[at] == '"' {
					at++
					continue
				}
				break
			}
			if next := bytes.IndexByte(record[at:], c.comma); next >= 0 {
				cell = record[:at+next]
			}
			dst = append(dst, cell...)
		} else {
			if next := bytes.IndexByte(record, c.comma); next >= 0 {
				cell = record[:next]
			}
			dst = appendPlainCell(dst, cell)
		}
		if len(cell) == len(record) {
			return dst
		}
		dst, record = append(dst, ','), record[len(cell)+1:]
	}
}

// appendPlainCell appends a cell without quotes, in quotes if it holds a comma.
func appendPlainCell(dst, cell []byte) []byte {
	if bytes.IndexByte(cell, ',') < 0 {
		return append(dst, cell...)
	}
	text := bytes.TrimRight(cell, "\r\n")
	dst = append(dst, '"')
	dst = append(dst, bytes.ReplaceAll(text, []byte(`"`), []byte(`""`))...)
	dst = append(dst, '"')
	return append(dst, cell[len(text):]...)
}
