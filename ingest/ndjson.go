package ingest

import "bytes"

// NDJSON reads a body of one JSON object a line. Lines end with LF or CRLF, the
// last one may end with the body; a byte order mark at the start is skipped.
// Blank lines are not items.
//
// ENSURES: on an error out is empty.
func (d *Decoder) NDJSON(body []byte, o Options, out *Decoded) error {
	b, err := d.begin(body, o, out)
	if err != nil {
		return err
	}
	return d.finish(d.lines(b))
}

// lines takes line after line. The fast scanner needs no search for the end of a
// line: where the object ends, the line must.
func (d *Decoder) lines(b []byte) error {
	for i := 0; i < len(b); {
		if b[i] == '{' && !d.generalOnly {
			end, ok := d.fast(b, i)
			next := endOfLine(b, end)
			if ok && next > 0 && end-i <= MaxItemBytes {
				if d.out.Received == MaxItems {
					return ErrTooManyItems
				}
				d.take(d.row())
				i = next
				continue
			}
		}
		if b[i] <= ' ' { // blank lines together, for 512 MiB of them are 16 KiB as sent
			if n := bytes.LastIndexByte(b[i:skipSpace(b, i)], '\n'); n >= 0 {
				i += n + 1
				continue
			}
		}
		line, next := b[i:], len(b)
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line, next = line[:n], i+n+1
		}
		i = next
		if skipSpace(line, 0) == len(line) {
			continue
		}
		if d.out.Received == MaxItems {
			return ErrTooManyItems
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) > MaxItemBytes {
			d.take(faultTooLong)
			continue
		}
		d.take(d.takeGeneral(line))
	}
	return nil
}

// endOfLine gives the start of the next line when a line ends at i, else 0.
func endOfLine(b []byte, i int) int {
	switch {
	case i == len(b):
		return i
	case b[i] == '\n':
		return i + 1
	case b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n':
		return i + 2
	}
	return 0
}
