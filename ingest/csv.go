package ingest

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// CSV as RFC 4180 says, and as spreadsheets write it: a byte order mark, UTF-16, another
// delimiter, a first line that names it, any end of line.

// rowEnds end the body and let the splitter load eight bytes wherever it stands.
const rowEnds = "\n\n\n\n\n\n\n\n"

// readText turns the body into UTF-8 without a byte order mark, ended by rowEnds.
func (r *Request) readText(f Format) (err error) {
	t, b := &r.table, r.Body
	switch {
	case f == FormatCSVGB:
		t.badText = faultNotGB
		if r.lines, err = fromGB(r.lines[:0], b); err != nil {
			return err
		}
		r.Body, r.lines = r.lines, r.Body
	case len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff):
		t.badText = faultNotUTF16
		if r.lines, err = fromUTF16(r.lines[:0], b); err != nil {
			return err
		}
		r.Body, r.lines = r.lines, r.Body
	}
	if len(r.Body) > MaxBodyBytes {
		return ErrBodyTooLarge
	}
	t.valid = utf8.Valid(r.Body)
	r.Body = append(r.Body, rowEnds...)
	return nil
}

// fromGB appends GB 18030 as UTF-8. What is none becomes bytes that are no UTF-8 either,
// so that the row is found; that includes the replacement character, which nobody types.
func fromGB(dst, text []byte) ([]byte, error) {
	decoder := simplifiedchinese.GB18030.NewDecoder()
	for {
		n, read, err := decoder.Transform(dst[len(dst):cap(dst)], text, true)
		dst, text = dst[:len(dst)+n], text[read:]
		if err == nil {
			break
		}
		if err != transform.ErrShortDst {
			return dst, ErrBadEncoding
		}
		if len(dst) > MaxBodyBytes {
			return dst, ErrBodyTooLarge
		}
		dst = append(dst, make([]byte, max(len(text)*3/2, 64))...)[:len(dst)]
	}
	for rest := dst; ; {
		n := bytes.Index(rest, []byte("\ufffd"))
		if n < 0 {
			return dst, nil
		}
		copy(rest[n:], "\xff\xff\xff")
		rest = rest[n+3:]
	}
}

// fromUTF16 appends UTF-16 with a byte order mark as UTF-8. What is none becomes bytes that
// are no UTF-8 either, so that the row is found.
func fromUTF16(dst, text []byte) ([]byte, error) {
	high := 1 // of a unit's two bytes
	if text[0] == 0xfe {
		high = 0
	}
	for i := 2; i+1 < len(text); i += 2 {
		unit := rune(text[i+high])<<8 | rune(text[i+1-high])
		if utf16.IsSurrogate(unit) {
			pair := utf8.RuneError
			if i+3 < len(text) {
				pair = utf16.DecodeRune(unit, rune(text[i+2+high])<<8|rune(text[i+3-high]))
			}
			if pair == utf8.RuneError {
				dst = append(dst, 0xff)
				continue
			}
			unit = pair
			i += 2
		}
		if dst = utf8.AppendRune(dst, unit); len(dst) > MaxBodyBytes {
			return dst, ErrBodyTooLarge
		}
	}
	if len(text)%2 != 0 {
		dst = append(dst, 0xff)
	}
	return dst, nil
}

// readRows turns the rows of Body into lines. REQUIRES: Body ends with rowEnds.
func (r *Request) readRows(o Options) error {
	t := &r.table
	in := r.Body[:len(r.Body)-len(rowEnds)]
	start, row, err := t.readHeader(in, o)
	if err != nil {
		return err
	}
	dst := r.lines[:0]
	for start < len(in) {
		next, err := t.split(in, start)
		if err != nil {
			return err
		}
		row++
		if dst, err = r.line(dst, in, in[start:rowEnd(in, start, next)], row); err != nil {
			r.lines = dst
			return err
		}
		start = next
	}
	r.Body, r.lines = dst, r.Body
	return nil
}

// rowEnd is where the text of a row ends, without the end of its line.
func rowEnd(in []byte, start, next int) int {
	if next > start && in[next-1] == '\n' {
		next--
	}
	if next > start && in[next-1] == '\r' {
		next--
	}
	return next
}

// readHeader finds the row of headings and makes the steps of it. It tells where the rows
// after it start, and its own number.
func (t *table) readHeader(in []byte, o Options) (next, row int, err error) {
	start := 0
	if bytes.HasPrefix(in, []byte("\xef\xbb\xbf")) {
		start = 3
	}
	start, given := t.separator(in, start)
	if o.Endpoint == Roster {
		at := start
		for row = 1; row <= tableTitleRows && at < len(in); row++ {
			if !given {
				t.delimiter = delimiterOf(in[at:])
			}
			if next, err = t.splitHeader(in, at); err != nil {
				break // titles may be anything
			}
			if t.isForm(in) {
				return next, row, t.readHeadings(in, o)
			}
			at = next
		}
	}
	for row = 1; start < len(in); row++ {
		if !given {
			t.delimiter = delimiterOf(in[start:])
		}
		if next, err = t.splitHeader(in, start); err != nil {
			return 0, 0, err
		}
		if !t.isBlank(in) {
			return next, row, t.readHeadings(in, o)
		}
		start = next
	}
	return 0, 0, ErrEmpty
}

// splitHeader splits a row that may hold the headings: as wide as it is.
func (t *table) splitHeader(in []byte, start int) (next int, err error) {
	t.width = MaxColumns
	if next, err = t.split(in, start); err != nil {
		return 0, err
	}
	switch {
	case t.extra:
		return 0, errTooManyColumns
	case next-start > MaxItemBytes && !t.isBlank(in):
		return 0, errNoHeading
	}
	return next, nil
}

// separator reads the line with which Excel names the delimiter. It is no row.
func (t *table) separator(in []byte, start int) (next int, given bool) {
	line := in[start:]
	if len(line) < 5 || !bytes.EqualFold(line[:4], []byte("sep=")) || line[4] < ' ' && line[4] != '\t' || line[4] == '"' || line[4] >= utf8.RuneSelf {
		return start, false
	}
	n := 5
	switch {
	case bytes.HasPrefix(line[n:], []byte("\r\n")):
		n += 2
	case len(line) > n && (line[n] == '\n' || line[n] == '\r'):
		n++
	case len(line) > n:
		return start, false
	}
	t.delimiter = line[4]
	return start + n, true
}

// delimiterOf is the delimiter that the first line holds most of, outside quotes.
func delimiterOf(line []byte) byte {
	var commas, semicolons, tabs int
	quoted := false
	for _, c := range line[:min(len(line), MaxItemBytes)] {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ',':
			commas++
		case c == ';':
			semicolons++
		case c == '\t':
			tabs++
		}
		if !quoted && (c == '\n' || c == '\r') {
			break
		}
	}
	switch {
	case tabs > commas && tabs > semicolons:
		return '\t'
	case semicolons > commas:
		return ';'
	}
	return ','
}
