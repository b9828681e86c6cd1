package ingest

import (
	"bytes"
	"strconv"
	"time"
	"unicode/utf8"
)

// plainStart tells of a byte that no blank, formula or apostrophe starts with.
var plainStart = func() (t [256]bool) {
	for c := range t {
		t[c] = c > ' ' && c != '=' && c != '\'' && c != 0xc2 && c != 0xe3
	}
	return t
}()

// takes tells whether a cell goes into the line as it stands, the usual case. It may say
// no to any other. REQUIRES: text is not empty, and needs no escape.
func (s *step) takes(text []byte) bool {
	first, last := text[0], text[len(text)-1]
	switch s.shape {
	case shapeCode, shapePhone:
		return plainStart[first] && last > ' ' && last < 0x80
	case shapeFree:
		return plainStart[first]
	case shapePerson:
		return len(text) == 18 && plainStart[first] && last > ' ' && last < 0x80 && text[1] != '.' && string(text[15:]) != "000"
	case shapeTime:
		return len(text) == 25 && text[10] == 'T'
	}
	return false
}

// object appends the row as a JSON object, nothing for one without values. The first fault
// that only the table shows comes back; the decoder refuses the object for it.
func (t *table) object(dst, src []byte) (out []byte, f *fault) {
	mark := len(dst)
	if t.form.on {
		f = t.form.place(t, src)
	}
	for i := range t.steps {
		s := &t.steps[i]
		c := t.cells[s.column]
		if c.off == c.end && s.shape < shapePapers {
			continue
		}
		text := src[c.off:c.end]
		if c.kind == cellPlain && len(text) > 0 && s.takes(text) {
			dst = append(dst, s.key...)
			dst = append(dst, text...)
			dst = append(dst, '"')
			continue
		}
		var g *fault
		switch {
		case s.shape >= shapePapers:
			dst, g = t.formValue(dst, src, s)
		case s.object == "":
			dst, g = t.value(dst, src, s)
		}
		if f == nil {
			f = g
		}
	}
	dst = t.objects(dst, src)
	if len(dst) > mark {
		dst[mark] = '{'
		dst = append(dst, '}')
	}
	return dst, f
}

// objects appends the objects that have their parts in columns of their own.
func (t *table) objects(dst, src []byte) []byte {
	for i := 0; i < len(t.steps); i++ {
		s := &t.steps[i]
		if s.object == "" {
			continue
		}
		mark := len(dst)
		dst = append(dst, `,"`...)
		dst = append(dst, s.object...)
		dst = append(dst, `":`...)
		open := len(dst)
		dst, _ = t.value(dst, src, s)
		for ; i+1 < len(t.steps) && t.steps[i+1].part; i++ {
			dst, _ = t.value(dst, src, &t.steps[i+1])
		}
		if len(dst) == open {
			dst = dst[:mark]
			continue
		}
		dst[open] = '{'
		dst = append(dst, '}')
	}
	return dst
}

// cellText is what a cell says: quotes that are doubled for the table's sake are single
// again, and of the formula that keeps a text a text, ="…", the text is left.
func (t *table) cellText(src []byte, c cell) []byte {
	text := src[c.off:c.end]
	if c.kind == cellDoubled {
		t.text = appendSingled(t.text[:0], text)
		text = t.text
	}
	if n := len(text); n >= 3 && text[0] == '=' && text[1] == '"' && text[n-1] == '"' {
		t.text = appendSingled(t.text[:0], text[2:n-1])
		text = t.text
	}
	return text
}

// appendSingled appends text, of doubled quotes one. dst may be what text stands in.
func appendSingled(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		dst = append(dst, text[i])
		if text[i] == '"' && i+1 < len(text) && text[i+1] == '"' {
			i++
		}
	}
	return dst
}

// value appends a cell that is not plain, or not a text, with its key; nothing when it is blank.
func (t *table) value(dst, src []byte, s *step) ([]byte, *fault) {
	c := t.cells[s.column]
	text := t.cellText(src, c)
	trimmed := trimBlanks(text)
	if s.shape != shapeFree {
		trimmed = bytes.TrimPrefix(trimmed, []byte("'"))
		text = trimmed
	}
	if len(trimmed) == 0 {
		return dst, nil
	}
	key := s.key
	if s.shape < shapeBoolean {
		key = key[:len(key)-1] // the quote comes with the text
	}
	dst = append(dst, key...)
	switch s.shape {
	case shapePerson:
		return appendPerson(dst, text, s.name)
	case shapeTime, shapeDay:
		return t.time(dst, text, s.shape == shapeDay, c.kind == cellNumber), nil
	case shapeSex:
		return appendText(dst, sexOf(text)), nil
	case shapeBoolean:
		return appendBoolean(dst, text), nil
	case shapeNumber:
		return appendNumber(dst, text), nil
	case shapeList:
		return appendList(dst, text, appendText), nil
	case shapeTargets:
		return appendList(dst, text, appendTarget), nil
	}
	return appendText(dst, text), nil
}

// appendPerson appends who it is about. A number in place of a text has lost digits.
func appendPerson(dst, text []byte, name string) ([]byte, *fault) {
	rounded := faultRounded[fieldNamed([]byte(name))]
	switch {
	case isExponential(text):
		return appendText(dst, text), rounded
	case len(text) == 18 && string(text[15:]) == "000":
		if _, ok := parse18(text); !ok {
			return appendText(dst, text), rounded
		}
	}
	return appendText(dst, text), nil
}

// isExponential tells whether text is a number as 9.90101E+17, in digits of which the last are lost.
func isExponential(text []byte) bool {
	n := bytes.IndexAny(text, "eE")
	if n < 1 || !isDigit(text[0]) {
		return false
	}
	mantissa, exponent := text[:n], text[n+1:]
	if len(mantissa) > 1 {
		if mantissa[1] != '.' && mantissa[1] != ',' {
			return false
		}
		mantissa = mantissa[2:]
	}
	exponent = bytes.TrimPrefix(exponent, []byte("+"))
	return allDigits(mantissa) && len(exponent) > 0 && allDigits(exponent)
}

// sexOf is the word of the wire for a sex as forms have it; any other as it stands.
func sexOf(text []byte) []byte {
	switch string(text) {
	case "男", "m":
		return sexes[:1]
	case "女", "f":
		return sexes[1:2]
	case "x":
		return sexes[2:]
	}
	return text
}

var sexes = []byte("MFX")

func appendBoolean(dst, text []byte) []byte {
	switch {
	case string(text) == "1" || string(text) == "是" || len(text) == 4 && bytes.EqualFold(text, []byte("true")):
		return append(dst, "true"...)
	case string(text) == "0" || string(text) == "否" || len(text) == 5 && bytes.EqualFold(text, []byte("false")):
		return append(dst, "false"...)
	}
	return appendText(dst, text)
}

// appendNumber appends a whole number as one, 10.0 too; anything else as text.
func appendNumber(dst, text []byte) []byte {
	whole := text
	if n := bytes.IndexByte(text, '.'); n > 0 && len(bytes.Trim(text[n+1:], "0")) == 0 {
		whole = text[:n]
	}
	if !isWhole(whole) {
		return appendText(dst, text)
	}
	return append(dst, whole...)
}

// isWhole tells whether text is a whole number as JSON has it, without a sign.
func isWhole(text []byte) bool {
	return len(text) > 0 && allDigits(text) && (text[0] != '0' || len(text) == 1)
}

// isDecimal tells whether text is a number as JSON has it, without sign and exponent.
func isDecimal(text []byte) bool {
	n := bytes.IndexByte(text, '.')
	if n < 0 {
		return isWhole(text)
	}
	return isWhole(text[:n]) && n+1 < len(text) && allDigits(text[n+1:])
}

// nextElement cuts the first element off a list in a cell, and blanks around it.
func nextElement(text []byte) (element, rest []byte) {
	end, next := len(text), len(text)
	for i := 0; i < next; {
		c, size := utf8.DecodeRune(text[i:])
		switch c {
		case ';', ',', '|', '\n', '、', '；', '，':
			end, next = i, i+size
		}
		i += size
	}
	return trimBlanks(text[:end]), text[next:]
}

// appendList appends the elements of a cell as an array.
func appendList(dst, text []byte, one func(dst, element []byte) []byte) []byte {
	dst = append(dst, '[')
	for n := 0; len(text) > 0; {
		var element []byte
		if element, text = nextElement(text); len(element) == 0 {
			continue
		}
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		dst = one(dst, element)
	}
	return append(dst, ']')
}

// appendTarget appends one gene of a result, ORF1ab=36.2 or N= in a cell.
func appendTarget(dst, text []byte) []byte {
	gene, ct, _ := bytes.Cut(text, []byte("="))
	dst = append(dst, `{"gene":`...)
	dst = appendText(dst, trimBlanks(gene))
	if ct = trimBlanks(ct); isDecimal(ct) {
		dst = append(dst, `,"ct":`...)
		dst = append(dst, ct...)
	} else if len(ct) > 0 {
		dst = append(dst, `,"ct":`...)
		dst = appendText(dst, ct)
	}
	return append(dst, '}')
}

// time appends a time. What a spreadsheet writes, 2022/4/4 8:01, becomes the form of the
// wire without an offset; anything else stays as it stands.
func (t *table) time(dst, text []byte, day, number bool) []byte {
	if number {
		return t.serial(dst, text)
	}
	mark := len(dst)
	if dst = appendStamp(append(dst, '"'), text, day); len(dst) > mark+1 {
		return append(dst, '"')
	}
	return appendText(dst[:mark], text)
}

// appendStamp appends a time that a spreadsheet wrote, nothing when it is none: year, month
// and day with - or / between, then blanks and the time of day, with seconds or without.
// day: it may be absent.
func appendStamp(dst, text []byte, day bool) []byte {
	mark := len(dst)
	y, rest := digits(text, 4, 4)
	if len(rest) == 0 || rest[0] != '-' && rest[0] != '/' {
		return dst
	}
	mark1 := rest[0]
	m, rest := digits(rest[1:], 1, 2)
	if len(rest) == 0 || rest[0] != mark1 {
		return dst
	}
	d, rest := digits(rest[1:], 1, 2)
	if len(y) == 0 || len(m) == 0 || len(d) == 0 {
		return dst
	}
	dst = append(append(dst, y...), '-')
	dst = append(appendTwo(dst, m), '-')
	dst = append(appendTwo(dst, d), 'T')
	if len(rest) == 0 && day {
		return append(dst, "00:00:00"...)
	}
	clock := trimBlanks(rest)
	if len(clock) == len(rest) {
		return dst[:mark]
	}
	h, clock := digits(clock, 1, 2)
	if len(h) == 0 || len(clock) == 0 || clock[0] != ':' {
		return dst[:mark]
	}
	minute, clock := digits(clock[1:], 2, 2)
	second := []byte("00")
	if len(clock) > 0 && clock[0] == ':' {
		second, clock = digits(clock[1:], 2, 2)
	}
	if len(minute) == 0 || len(second) == 0 || len(clock) > 0 {
		return dst[:mark]
	}
	dst = append(appendTwo(dst, h), ':')
	dst = append(append(dst, minute...), ':')
	return append(dst, second...)
}

// digits cuts a number of least to most digits off text; nothing when it has fewer or more.
func digits(text []byte, least, most int) (number, rest []byte) {
	n := 0
	for n < len(text) && isDigit(text[n]) {
		n++
	}
	if n < least || n > most {
		return nil, nil
	}
	return text[:n], text[n:]
}

// appendTwo appends one or two digits as two.
func appendTwo(dst, number []byte) []byte {
	if len(number) == 1 {
		dst = append(dst, '0')
	}
	return append(dst, number...)
}

// serial appends the time of a date in a workbook: days since the end of 1899, or of 1903.
func (t *table) serial(dst, text []byte) []byte {
	days, err := strconv.ParseFloat(string(text), 64)
	if err != nil || days < 1 || days > 2_958_465 {
		return appendText(dst, text)
	}
	if t.since1904 {
		days += 1462
	}
	const toUnixEpoch = 25569
	at := time.Unix(int64((days-toUnixEpoch)*daySeconds+0.5), 0).UTC()
	if days < toUnixEpoch {
		return appendText(dst, text)
	}
	return at.AppendFormat(dst, `"2006-01-02T15:04:05"`)
}

// appendRefused appends a value as what no field takes it as.
func appendRefused(dst, text []byte) []byte {
	return append(appendText(append(dst, '['), text), ']')
}

// appendText appends text as a JSON string. Bytes that are no UTF-8 stay, for the parser to refuse.
func appendText(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
