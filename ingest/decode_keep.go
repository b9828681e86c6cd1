package ingest

import (
	"math/bits"
	"unicode/utf8"

	"poolwise/engine"
)

// keep writes the fields of set, checked, to the batch as one compact JSON object,
// in the order of the field numbers whatever the order of the item. A fault may
// leave part of it in Bytes: the caller cuts it off.
func (d *Decoder) keep(set fieldSet) (engine.Span, *fault) {
	it, b := &d.item, &d.out.Batch
	off := len(b.Bytes)
	b.Bytes = append(b.Bytes, '{')
	for ; set != 0; set &= set - 1 {
		f := field(bits.TrailingZeros64(uint64(set)))
		if it.text.has(f) == (f == fieldTargets) {
			return engine.Span{}, faultInvalid[f]
		}
		v := it.value(f)
		ok := len(v) <= MaxTextBytes && !hasControl(v)
		switch f {
		case fieldID:
			ok = ok && len(v) > 0 && utf8.RuneCount(v) <= MaxIDChars
		case fieldReason:
			ok = ok && len(v) > 0
		}
		if len(b.Bytes) > off+1 {
			b.Bytes = append(b.Bytes, ',')
		}
		b.Bytes = append(b.Bytes, '"')
		b.Bytes = append(b.Bytes, fields[f].name...)
		b.Bytes = append(b.Bytes, `":`...)
		if f == fieldTargets {
			b.Bytes, ok = d.targets(b.Bytes, v)
		} else if ok {
			b.Bytes = appendString(b.Bytes, v)
		}
		if !ok {
			return engine.Span{}, faultInvalid[f]
		}
	}
	b.Bytes = append(b.Bytes, '}')
	return engine.Span{Off: uint32(off), Len: uint32(len(b.Bytes) - off)}, nil
}

// appendString appends text as a JSON string. REQUIRES: valid UTF-8 without control characters.
func appendString(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// hasControl tells whether text holds a control character of ASCII, as an escape can bring in.
func hasControl(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			return true
		}
	}
	return false
}

// targets appends the genes of a result as compact JSON. REQUIRES: raw is valid JSON.
func (d *Decoder) targets(dst, raw []byte) ([]byte, bool) {
	p := &d.inner
	p.in, p.i, p.out, p.keys = raw, 0, p.out[:0], p.keys[:0]
	if p.space() != '[' {
		return dst, false
	}
	dst = append(dst, '[')
	p.i++
	for n := 0; p.space() != ']'; n++ {
		if n == MaxTargets {
			return dst, false
		}
		if n > 0 {
			p.i++ // comma
			dst = append(dst, ',')
		}
		if p.space() != '{' {
			return dst, false
		}
		gene, ct, ok := p.target()
		if !ok || len(gene) == 0 || len(gene) > MaxGeneBytes || hasControl(gene) {
			return dst, false
		}
		dst = append(dst, `{"gene":`...)
		dst = appendString(dst, gene)
		if ct != nil {
			dst = append(dst, `,"ct":`...)
			dst = append(dst, ct...)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']'), true
}

// target reads one gene of a result. ct is its number as written, nil when there is none.
func (p *parser) target() (gene, ct []byte, ok bool) {
	ok = true
	p.i++
	for p.space() != '}' {
		if p.in[p.i] == ',' {
			p.i++
			p.space()
		}
		s, _ := p.string()
		key := p.out[s.Off : s.Off+s.Len]
		isGene, isNumber := string(key) == "gene", string(key) == "ct"
		p.space()
		p.i++ // colon
		c := p.space()
		start, mark := p.i, len(p.out)
		p.skip(0)
		switch {
		case isGene:
			gene = p.out[mark:]
			ok = ok && c == '"'
		case isNumber && c != 'n':
			ct = p.in[start:p.i]
			ok = ok && isCt(ct)
		}
	}
	p.i++
	return gene, ct, ok
}

// isCt tells whether v is a plain decimal from 0 to 100: ^\d{1,3}(\.\d{1,6})?$.
func isCt(v []byte) bool {
	n, whole := 0, 0
	for n < len(v) && isDigit(v[n]) && n < 4 {
		whole = whole*10 + int(v[n]-'0')
		n++
	}
	if n == 0 || n > 3 || whole > 100 {
		return false
	}
	if n == len(v) {
		return true
	}
	fraction := v[n+1:]
	if v[n] != '.' || len(fraction) == 0 || len(fraction) > 6 || !allDigits(fraction) {
		return false
	}
	return whole < 100 || string(fraction) == "000000"[:len(fraction)]
}
