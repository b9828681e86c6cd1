package ingest

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// xmlReader reads the XML of a workbook, piece by piece: no tree and no stack, so what it
// holds is one window whatever the text says. It takes what spreadsheet programs write:
// UTF-8, no document type and so no entities but the five of XML and numbers.
//
// It does not check that tags match: a workbook that is damaged there gives cells that
// the decoder refuses, or none.
type xmlReader struct {
	in     io.Reader
	buf    []byte // the window
	i, n   int    // what is left of it
	ended  bool
	name   []byte // of a tag, without its name space
	attrs  []byte
	closed bool   // the tag that starts also ends
	text   []byte // valid until the next piece
}

// xmlPiece is what next has found.
type xmlPiece uint8

const (
	xmlText xmlPiece = iota
	xmlStart
	xmlEnd
	xmlOver // no more
)

var errXML = errors.New("cannot read XML")

func (x *xmlReader) reset(in io.Reader) {
	if x.buf == nil {
		x.buf = make([]byte, sheetWindowBytes)
	}
	*x = xmlReader{in: in, buf: x.buf}
}

// more moves what is left to the start of the window and fills it. It fails when the
// window is full already.
func (x *xmlReader) more() error {
	copy(x.buf, x.buf[x.i:x.n])
	x.i, x.n = 0, x.n-x.i
	if x.n == len(x.buf) {
		return errXML
	}
	for !x.ended {
		n, err := x.in.Read(x.buf[x.n:])
		x.n += n
		if err == io.EOF {
			x.ended = true
		} else if err != nil {
			return err
		}
		if n > 0 {
			return nil
		}
	}
	return nil
}

// until finds the end of a piece that starts at i: the first end after skip bytes. The
// whole of it is in the window then.
func (x *xmlReader) until(skip int, end string) ([]byte, error) {
	for from := skip; ; {
		rest := x.buf[x.i:x.n]
		if from <= len(rest) {
			if n := bytes.Index(rest[from:], []byte(end)); n >= 0 {
				x.i += from + n + len(end)
				return rest[skip : from+n], nil
			}
			from = max(skip, len(rest)-len(end)+1)
		}
		if x.ended {
			return nil, errXML
		}
		if err := x.more(); err != nil {
			return nil, err
		}
	}
}

// next finds the next piece.
func (x *xmlReader) next() (xmlPiece, error) {
	for {
		for x.n-x.i < len("<![CDATA[") && !x.ended {
			if err := x.more(); err != nil {
				return 0, err
			}
		}
		rest := x.buf[x.i:x.n]
		var err error
		switch {
		case len(rest) == 0:
			return xmlOver, nil
		case rest[0] != '<':
			return xmlText, x.plain()
		case bytes.HasPrefix(rest, []byte("<?")):
			_, err = x.until(2, "?>")
		case bytes.HasPrefix(rest, []byte("<!--")):
			_, err = x.until(4, "-->")
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			x.text, err = x.until(len("<![CDATA["), "]]>")
			return xmlText, err
		case bytes.HasPrefix(rest, []byte("<!")):
			return 0, errXML
		case bytes.HasPrefix(rest, []byte("</")):
			x.name, err = x.until(2, ">")
			x.name = localName(trimBlanks(x.name))
			return xmlEnd, err
		default:
			return xmlStart, x.start()
		}
		if err != nil {
			return 0, err
		}
	}
}

// start reads the tag at i. A > may stand in the value of an attribute.
func (x *xmlReader) start() error {
	quote := byte(0)
	for at := 1; ; at++ {
		for x.i+at >= x.n {
			if x.ended {
				return errXML
			}
			if err := x.more(); err != nil {
				return err
			}
		}
		switch c := x.buf[x.i+at]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			tag := x.buf[x.i+1 : x.i+at]
			x.i += at + 1
			x.closed = len(tag) > 0 && tag[len(tag)-1] == '/'
			tag = bytes.TrimSuffix(tag, []byte("/"))
			n := bytes.IndexAny(tag, " \t\r\n")
			if n < 0 {
				n = len(tag)
			}
			x.name, x.attrs = localName(tag[:n]), tag[n:]
			return nil
		}
	}
}

// plain reads text up to the next tag, as far as it is in the window, its entities replaced.
func (x *xmlReader) plain() error {
	const longestEntity = 12
	for {
		text := x.buf[x.i:x.n]
		n := bytes.IndexByte(text, '<')
		if n < 0 {
			n = len(text)
			if at := bytes.LastIndexByte(text, '&'); at >= 0 && n-at < longestEntity && !x.ended {
				if n = at; n == 0 {
					if err := x.more(); err != nil {
						return err
					}
					continue
				}
			}
		}
		x.i += n
		x.text = unescapeXML(text[:n])
		return nil
	}
}

// unescapeXML replaces the entities of text, in place: none is shorter than what it stands
// for. One that is unknown stays as it is.
func unescapeXML(text []byte) []byte {
	at := bytes.IndexByte(text, '&')
	if at < 0 {
		return text
	}
	out := text[:at]
	for i := at; i < len(text); {
		if text[i] == '&' {
			if end := bytes.IndexByte(text[i:min(len(text), i+12)], ';'); end > 1 {
				if r := entity(text[i+1 : i+end]); r >= 0 {
					out = utf8.AppendRune(out, r)
					i += end + 1
					continue
				}
			}
		}
		out = append(out, text[i])
		i++
	}
	return out
}

// entity is the character of an entity's name, -1 when it has none.
func entity(name []byte) rune {
	switch string(name) {
	case "amp":
		return '&'
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	if name[0] != '#' {
		return -1
	}
	number, base := string(name[1:]), 10
	if len(number) > 1 && (number[0] == 'x' || number[0] == 'X') {
		number, base = number[1:], 16
	}
	v, err := strconv.ParseUint(number, base, 32)
	if err != nil || !utf8.ValidRune(rune(v)) {
		return -1
	}
	return rune(v)
}

func localName(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }

// attr is the value of an attribute of the tag, as it stands there; nil when it has none.
// Its name space counts only where name has one.
func (x *xmlReader) attr(name string) []byte {
	rest := x.attrs
	for {
		rest = trimBlanks(rest)
		n := bytes.IndexByte(rest, '=')
		if n < 0 {
			return nil
		}
		key := trimBlanks(rest[:n])
		if rest = trimBlanks(rest[n+1:]); len(rest) == 0 {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return rest[1 : end+1]
		}
		rest = rest[end+2:]
	}
}
