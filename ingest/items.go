package ingest

import "bytes"

// Items hands out the text of wanted items of a body that has been decoded: lines without
// their ends, elements as they stand. A table has become NDJSON by then (Request.Body).
//
// REQUIRES: want ascends, and all of it is below Decoded.Received; f and body are those that
// were decoded.
// ENSURES: do is called once for each of want, in order; text is part of body.
func Items(f Format, body []byte, want []uint32, do func(index uint32, text []byte)) {
	b := bytes.TrimPrefix(body, byteOrderMark)
	next := eachLine
	if f == FormatJSON {
		next = eachElement
	}
	index := uint32(0)
	next(b, func(text []byte) bool {
		if len(want) > 0 && index == want[0] {
			do(index, text)
			want = want[1:]
		}
		index++
		return len(want) > 0
	})
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// eachLine walks the items of NDJSON as Decoder.lines does.
func eachLine(b []byte, do func(text []byte) bool) {
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		b = rest
		if skipSpace(line, 0) < len(line) && !do(bytes.TrimSuffix(line, []byte("\r"))) {
			return
		}
	}
}

// eachElement walks the items of a JSON body as Decoder.document does.
func eachElement(b []byte, do func(text []byte) bool) {
	i := skipSpace(b, 0)
	if i < len(b) && b[i] == '[' {
		i = skipSpace(b, i+1)
	}
	for i < len(b) && b[i] != ']' {
		end := extent(b, i)
		if end < 0 || !do(b[i:end]) {
			return
		}
		if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
}

// Faults tells again why items were refused: a Decoded details only the first. Each text is
// one that Items handed out, of a body that was decoded with f and o.
//
// ENSURES: do is called once for each text, in order; its error is nil for one that is well-formed.
func Faults(f Format, o Options, texts [][]byte, do func(e *ItemError)) {
	decoder, out := NewDecoder(), new(Decoded)
	var body []byte
	for len(texts) > 0 {
		n, size := 0, 0
		for n < len(texts) && n < MaxItemErrors && size < faultsBytes {
			size += min(len(texts[n]), MaxItemBytes)
			n++
		}
		body = faultsBody(body[:0], f, texts[:n])
		var err error
		if f == FormatJSON {
			err = decoder.JSON(body, o, out)
		} else {
			err = decoder.NDJSON(body, o, out)
		}
		if err != nil || out.Received != n {
			panic("ingest: BUG: items that were refused once are no items") // no text: it may name somebody
		}
		errors := out.Errors
		for i := range n {
			if len(errors) > 0 && errors[0].Index == uint32(i) {
				do(&errors[0])
				errors = errors[1:]
			} else {
				do(nil)
			}
		}
		texts = texts[n:]
	}
}

// faultsBody makes a body of items. A byte order mark goes ahead, or one that an item begins
// with would be taken for the body's.
func faultsBody(dst []byte, f Format, texts [][]byte) []byte {
	open, end := "", "\r\n"
	if f == FormatJSON {
		open, end = "[", ","
	}
	dst = append(append(dst, byteOrderMark...), open...)
	for _, text := range texts {
		if len(text) > MaxItemBytes {
			text = tooLong
		}
		dst = append(append(dst, text...), end...)
	}
	if f == FormatJSON {
		dst[len(dst)-1] = ']'
	}
	return dst
}

// tooLong stands for any item that is.
var tooLong = append(append([]byte{'"'}, bytes.Repeat([]byte{'x'}, MaxItemBytes)...), '"')
