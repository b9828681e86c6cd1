package ingest

import "bytes"

// JSON reads a body that is one object or an array of objects.
//
// A body that is not JSON is refused whole, for nobody can tell where its items
// end. An element that is JSON but no good (not an object, a key given twice, too
// deep, too long, wrong fields) is an item error and costs the others nothing.
//
// ENSURES: on an error out is empty.
func (d *Decoder) JSON(body []byte, o Options, out *Decoded) error {
	b, err := d.begin(body, o, out)
	if err != nil {
		return err
	}
	return d.finish(d.document(b))
}

// document walks the top level of a JSON body.
func (d *Decoder) document(b []byte) error {
	i := skipSpace(b, 0)
	if i == len(b) {
		return ErrEmpty
	}
	if b[i] == '{' {
		end, err := d.element(b, i)
		if err == nil && skipSpace(b, end) != len(b) {
			err = ErrBadEncoding
		}
		return err
	}
	if b[i] != '[' {
		return ErrBadEncoding
	}
	if i = skipSpace(b, i+1); i < len(b) && b[i] == ']' {
		return d.endOfDocument(b, i+1)
	}
	for {
		end, err := d.element(b, i)
		if err != nil {
			return err
		}
		i = skipSpace(b, end)
		if i == len(b) {
			return ErrBadEncoding
		}
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case ']':
			return d.endOfDocument(b, i+1)
		default:
			return ErrBadEncoding
		}
	}
}

func (d *Decoder) endOfDocument(b []byte, i int) error {
	if skipSpace(b, i) != len(b) {
		return ErrBadEncoding
	}
	return nil
}

// element reads the item that starts at i and tells where it ends.
func (d *Decoder) element(b []byte, i int) (end int, err error) {
	if d.out.Received == MaxItems {
		return 0, ErrTooManyItems
	}
	if i < len(b) && b[i] == '{' && !d.generalOnly {
		if end, ok := d.fast(b, i); ok && end-i <= MaxItemBytes {
			d.take(d.row())
			return end, nil
		}
	}
	end = extent(b, i)
	if end < 0 {
		return 0, ErrBadEncoding
	}
	if end-i > MaxItemBytes {
		d.take(faultTooLong)
		return end, nil
	}
	f := d.takeGeneral(b[i:end])
	if f == faultNotJSON {
		return 0, ErrBadEncoding
	}
	d.take(f)
	return end, nil
}

// extent finds the end of the value at i by its brackets and strings alone; -1
// when there is none. Whether the value is JSON is for the strict parser to say.
func extent(b []byte, i int) int {
	for depth := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			if i = stringEnd(b, i+1); i < 0 {
				return -1
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return -1
			}
		default:
			if depth > 0 {
				continue
			}
			n := bytes.IndexAny(b[i:], ",]} \t\r\n")
			if n < 0 {
				return len(b)
			}
			if n == 0 {
				return -1
			}
			return i + n
		}
		if depth == 0 {
			return i + 1
		}
	}
	return -1
}

// stringEnd finds the quote that closes the string whose text starts at i; -1 when none does.
func stringEnd(b []byte, i int) int {
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
	return -1
}

// skipSpace finds the first byte from i on that is not JSON white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}
