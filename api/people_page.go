package api

import (
	"unicode/utf8"

	"poolwise/engine"
)

// peoplePage is what is told of the people on a page of a list, beside who they are.
type peoplePage struct {
	who    []engine.PersonOrdinal // ascending
	people []pagePerson
	texts  []byte
}

// pagePerson is one of them: places in texts, and what the roster says.
type pagePerson struct {
	area      string
	circle    int
	homeVisit bool

	name, sex, phone, liaison, tube pageText
}

type pageText struct{ at, len uint32 }

func (p *peoplePage) text(t pageText) string { return string(p.texts[t.at : t.at+t.len]) }

// read asks the engine and the profiles, each once for the whole page.
func (p *peoplePage) read(b *Backend) error {
	p.people = make([]pagePerson, len(p.who))
	b.Engine.Whereabouts(p.who, func(i int, v *engine.WhereView) {
		p.people[i].area, p.people[i].circle, p.people[i].homeVisit = v.Area, v.Circle, v.HomeVisit
	})
	if b.Profiles == nil {
		return nil
	}
	return b.Profiles.Read(p.who, func(i int, fields []byte) {
		for len(fields) > 0 {
			f, value, rest, ok := engine.NextField(fields)
			if !ok {
				return
			}
			fields = rest
			if to := p.people[i].field(f); to != nil {
				*to = pageText{uint32(len(p.texts)), uint32(len(value))}
				p.texts = append(p.texts, value...)
			}
		}
	})
}

// last is the last of them, 0 for none.
func (p *peoplePage) last() engine.PersonOrdinal {
	if len(p.who) == 0 {
		return 0
	}
	return p.who[len(p.who)-1]
}

// field is where a profile's field is kept, nil for one that lists do not show.
func (p *pagePerson) field(f engine.Field) *pageText {
	switch f {
	case engine.FieldName:
		return &p.name
	case engine.FieldSex:
		return &p.sex
	case engine.FieldPhone:
		return &p.phone
	case engine.FieldLiaison:
		return &p.liaison
	case engine.FieldTube:
		return &p.tube
	}
	return nil
}

// cost is what a person takes in a roster form, at the most.
func (p *pagePerson) cost() int {
	const escaped = 6 // bytes of XML for one
	texts := p.name.len + p.sex.len + p.phone.len + p.liaison.len + p.tube.len
	return len(formHeadings)*xlsxCellBytes + escaped*int(texts)
}

// cut leaves as many people as one roster form may hold, and tells whether some are gone.
func (p *peoplePage) cut() bool {
	bytes := 0
	for i := range p.people {
		if bytes += p.people[i].cost(); bytes > xlsxBytesMax && i > 0 {
			p.who, p.people = p.who[:i], p.people[:i]
			return true
		}
	}
	return false
}

// appendLine writes a person with his profile, without the closing brace.
func (p *peoplePage) appendLine(dst []byte, e *engine.Engine, i int) []byte {
	v := &p.people[i]
	dst = append(dst, `{"person":"`...)
	dst = e.AppendPersonID(dst, p.who[i])
	dst = append(dst, `","area":`...)
	dst = appendStringOrNull(dst, v.area)
	dst = append(dst, `,"circle":`...)
	if v.circle == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = appendUint(dst, uint64(v.circle))
	}
	dst = append(dst, `,"home_visit":`...)
	dst = appendBool(dst, v.homeVisit)
	for _, f := range [...]struct {
		name string
		text pageText
	}{{`,"name":`, v.name}, {`,"sex":`, v.sex}, {`,"phone":`, v.phone}} {
		dst = append(dst, f.name...)
		if f.text.len == 0 {
			dst = append(dst, "null"...)
		} else {
			dst = appendName(dst, p.texts[f.text.at:f.text.at+f.text.len])
		}
	}
	return append(dst, "}\n"...)
}

// appendName is appendString for text that mostly is not ASCII, and mostly plain.
func appendName(dst, text []byte) []byte {
	for _, c := range text {
		if c < 0x20 || c == '"' || c == '\\' {
			return appendString(dst, text)
		}
	}
	if !utf8.Valid(text) {
		return appendString(dst, text)
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}
