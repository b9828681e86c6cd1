package ingest

import (
	"unicode/utf16"
	"unicode/utf8"

	"poolwise/engine"
)

// parser is the strict JSON parser: RFC 8259, valid UTF-8, no key twice in one
// object at any depth, no half surrogate pairs, nesting and keys bounded. Decoded
// strings and raw values of known fields go to out, which keeps its memory.
type parser struct {
	in   []byte
	i    int
	out  []byte
	keys []keyRef // of the objects that are open, innermost last
}

// keyRef is a key of an open object: where it stands in out, and a hash to compare first.
type keyRef struct {
	engine.Span
	hash uint32
}

// item reads one object that is all of text into it.
func (p *parser) item(text []byte, it *item) *fault {
	p.in, p.i, p.out, p.keys = text, 0, p.out[:0], p.keys[:0]
	it.seen, it.text, it.null = 0, 0, 0
	if !utf8.Valid(text) {
		return faultNotUTF8
	}
	if p.space() != '{' {
		if f := p.skip(1); f != nil {
			return f
		}
		if p.space(); p.i < len(p.in) {
			return faultNotJSON
		}
		return faultNotObject
	}
	if f := p.object(1, it); f != nil {
		return f
	}
	if p.space(); p.i < len(p.in) {
		return faultNotJSON
	}
	it.src = p.out
	return nil
}

// space skips white space and gives the next byte, 0 at the end.
func (p *parser) space() byte {
	p.i = skipSpace(p.in, p.i)
	if p.i == len(p.in) {
		return 0
	}
	return p.in[p.i]
}

// object reads the object at i. With it, known fields are noted; else it is only checked.
func (p *parser) object(depth int, it *item) *fault {
	if depth > MaxDepth {
		return faultTooDeep
	}
	first := len(p.keys)
	p.i++
	if p.space() == '}' {
		p.i++
		return nil
	}
	for {
		if p.space() != '"' {
			return faultNotJSON
		}
		key, f := p.key(first)
		if f != nil {
			return f
		}
		if p.space() != ':' {
			return faultNotJSON
		}
		p.i++
		if it == nil {
			f = p.skip(depth + 1)
		} else {
			f = p.known(fieldNamed(key), it)
		}
		if f != nil {
			return f
		}
		switch p.space() {
		case ',':
			p.i++
		case '}':
			p.i++
			p.keys = p.keys[:first]
			return nil
		default:
			return faultNotJSON
		}
	}
}

// known reads the value of a top-level field.
func (p *parser) known(name field, it *item) *fault {
	c := p.space()
	if name == fieldUnknown {
		return p.skip(2)
	}
	if c == '"' {
		s, f := p.string()
		it.at[name], it.seen, it.text = s, it.seen|name.set(), it.text|name.set()
		return f
	}
	start := p.i
	if f := p.skip(2); f != nil {
		return f
	}
	if c == 'n' {
		it.null |= name.set()
		return nil
	}
	it.at[name], it.seen = p.put(p.in[start:p.i]), it.seen|name.set()
	return nil
}

// put copies text into out.
func (p *parser) put(text []byte) engine.Span {
	off := uint32(len(p.out))
	p.out = append(p.out, text...)
	return engine.Span{Off: off, Len: uint32(len(text))}
}

// key reads a key and compares it with those of the same object, keys[first:].
func (p *parser) key(first int) ([]byte, *fault) {
	s, f := p.string()
	if f != nil {
		return nil, f
	}
	key := p.out[s.Off:]
	hash := uint32(2166136261)
	for _, c := range key {
		hash = (hash ^ uint32(c)) * 16777619
	}
	for _, k := range p.keys[first:] {
		if k.hash == hash && string(p.out[k.Off:k.Off+k.Len]) == string(key) {
			return nil, faultKeyTwice
		}
	}
	if len(p.keys)-first == MaxKeys {
		return nil, faultTooManyKeys
	}
	p.keys = append(p.keys, keyRef{s, hash})
	return key, nil
}

// skip checks the value at i and goes past it. What strings hold is left in out.
func (p *parser) skip(depth int) *fault {
	switch c := p.space(); c {
	case '"':
		_, f := p.string()
		return f
	case '{':
		return p.object(depth, nil)
	case '[':
		return p.array(depth)
	case 't':
		return p.literal("true")
	case 'f':
		return p.literal("false")
	case 'n':
		return p.literal("null")
	default:
		return p.number()
	}
}

func (p *parser) array(depth int) *fault {
	if depth > MaxDepth {
		return faultTooDeep
	}
	p.i++
	if p.space() == ']' {
		p.i++
		return nil
	}
	for {
		if f := p.skip(depth + 1); f != nil {
			return f
		}
		switch p.space() {
		case ',':
			p.i++
		case ']':
			p.i++
			return nil
		default:
			return faultNotJSON
		}
	}
}

func (p *parser) literal(word string) *fault {
	if len(p.in)-p.i < len(word) || string(p.in[p.i:p.i+len(word)]) != word {
		return faultNotJSON
	}
	p.i += len(word)
	return nil
}

// number goes past -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?
func (p *parser) number() *fault {
	p.accept("-")
	if !p.accept("0") && p.digits() == 0 {
		return faultNotJSON
	}
	if p.accept(".") && p.digits() == 0 {
		return faultNotJSON
	}
	if p.accept("eE") {
		if p.accept("+-"); p.digits() == 0 {
			return faultNotJSON
		}
	}
	return nil
}

// accept goes past one byte when it is one of set.
func (p *parser) accept(set string) bool {
	if p.i == len(p.in) || (p.in[p.i] != set[0] && p.in[p.i] != set[len(set)-1]) {
		return false
	}
	p.i++
	return true
}

// digits goes past digits and counts them.
func (p *parser) digits() int {
	start := p.i
	for p.i < len(p.in) && isDigit(p.in[p.i]) {
		p.i++
	}
	return p.i - start
}

// string reads the string at i into out, escapes replaced.
func (p *parser) string() (engine.Span, *fault) {
	off := uint32(len(p.out))
	p.i++
	for {
		start := p.i
		for p.i < len(p.in) && p.in[p.i] != '"' && p.in[p.i] != '\\' && p.in[p.i] >= ' ' {
			p.i++
		}
		p.out = append(p.out, p.in[start:p.i]...)
		if p.i == len(p.in) {
			return engine.Span{}, faultNotJSON
		}
		switch p.in[p.i] {
		case '"':
			p.i++
			return engine.Span{Off: off, Len: uint32(len(p.out)) - off}, nil
		case '\\':
			if f := p.escape(); f != nil {
				return engine.Span{}, f
			}
		default:
			return engine.Span{}, faultNotJSON
		}
	}
}

// escape reads the escape at i into out.
func (p *parser) escape() *fault {
	if p.i+1 == len(p.in) {
		return faultNotJSON
	}
	c := p.in[p.i+1]
	p.i += 2
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return p.unicode()
	default:
		return faultNotJSON
	}
	p.out = append(p.out, c)
	return nil
}

// unicode reads the digits of a \u escape, and its other half where there is one.
func (p *parser) unicode() *fault {
	r, ok := p.hex4()
	if !ok {
		return faultNotJSON
	}
	if utf16.IsSurrogate(r) {
		if p.literal(`\u`) != nil {
			return faultLoneSurrogate
		}
		low, ok := p.hex4()
		if !ok {
			return faultNotJSON
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return faultLoneSurrogate
		}
	}
	p.out = utf8.AppendRune(p.out, r)
	return nil
}

func (p *parser) hex4() (r rune, ok bool) {
	if len(p.in)-p.i < 4 {
		return 0, false
	}
	for _, c := range p.in[p.i : p.i+4] {
		switch {
		case isDigit(c):
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	p.i += 4
	return r, true
}

func isDigit(c byte) bool { return c-'0' <= 9 }
