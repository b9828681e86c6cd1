package ingest

import (
	"math/bits"

	"poolwise/engine"
)

// Master data: one kind a request, no time, and a value for each field that is named. An
// item becomes a row whose Extra is its fields, canonical, in the order of the table
// below whatever the order of the item.

// master is one kind of master data.
type master struct {
	kind     engine.Kind
	required fieldSet // texts
	names    fieldSet // of people: what names them, for the profile
	fields   []masterField
}

// masterField is a field of an item: where it goes, and how it is read. An object goes
// to as many engine fields, from to on, as it has parts.
type masterField struct {
	from  field
	to    engine.Field
	parts []string
	read  valueReader
}

// given is a value as it stands in the item: a string without quotes and escapes, or raw JSON.
type given struct {
	text []byte // nil when it is no string
	raw  []byte // nil when it is a string
}

// valueReader appends the canonical form of a value to dst.
type valueReader func(d *Decoder, name field, v given, dst []byte) ([]byte, *fault)

var masters = [...]master{
	0: {kind: engine.KindArea, required: 1 << fieldArea, fields: []masterField{
		{from: fieldArea, to: engine.FieldKey, read: readArea},
		{from: fieldParent, to: engine.FieldParent, read: readArea},
		{from: fieldRisk, to: engine.FieldRisk, read: readWord("low", "medium", "high", "closed")},
		{from: fieldName, to: engine.FieldName, read: readName},
	}},
	Sites - Areas: {kind: engine.KindSite, required: 1 << fieldSite, fields: []masterField{
		{from: fieldSite, to: engine.FieldKey, read: readCode},
		{from: fieldName, to: engine.FieldName, read: readName},
		{from: fieldArea, to: engine.FieldArea, read: readArea},
		{from: fieldKind, to: engine.FieldKind, read: readWord("fixed", "standby", "gate", "mobile")},
		{from: fieldLab, to: engine.FieldLab, read: readCode},
		{from: fieldOpens, to: engine.FieldOpens, read: readText},
	}},
	Labs - Areas: {kind: engine.KindLab, required: 1 << fieldLab, fields: []masterField{
		{from: fieldLab, to: engine.FieldKey, read: readCode},
		{from: fieldName, to: engine.FieldName, read: readName},
		{from: fieldKind, to: engine.FieldKind, read: readWord("lab", "cdc")},
	}},
	Round - Areas: {kind: engine.KindRound, fields: []masterField{
		{from: fieldName, to: engine.FieldName, read: readName},
		{from: fieldOpensAt, to: engine.FieldOpensAt, read: readAnyTime},
		{from: fieldClosesAt, to: engine.FieldClosesAt, read: readAnyTime},
		{from: fieldAreas, to: engine.FieldAreas, read: readAreas},
		{from: fieldWindow, to: engine.FieldWindow, read: readDuration},
		{from: fieldBasis, to: engine.FieldBasis, read: readWord("sampled", "reported")},
		{from: fieldCaps, to: engine.FieldCapLow, parts: []string{"low", "medium", "high", "closed"}, read: readCap},
		{from: fieldSingleGroups, to: engine.FieldSingleGroups, read: readGroups},
		{from: fieldVaccinated48h, to: engine.FieldVaccinated48h, read: readWord("single", "defer", "any")},
		{from: fieldSLA, to: engine.FieldSLAToLab, parts: []string{"to_lab", "to_result", "recollect"}, read: readDuration},
		{from: fieldRecheck, to: engine.FieldRecheck, read: readWord("new_specimen", "same_specimen")},
		{from: fieldRelease, to: engine.FieldRelease, read: readWord("each", "all")},
		{from: fieldEffectiveAt, to: engine.FieldEffectiveAt, read: readAnyTime},
	}},
	Roster - Areas: {kind: engine.KindRoster, required: 1 << fieldPerson, names: setNames | 1<<fieldSex | 1<<fieldLiaison | 1<<fieldTube, fields: []masterField{
		{from: fieldArea, to: engine.FieldArea, read: readArea},
		{from: fieldHousehold, to: engine.FieldHouseholdHash, read: readHousehold},
		{from: fieldCircle, to: engine.FieldCircle, read: readCircle},
		{from: fieldGroups, to: engine.FieldGroups, read: readGroups},
		{from: fieldHomeVisit, to: engine.FieldHomeVisit, read: readBoolean},
		{from: fieldVaccinatedAt, to: engine.FieldVaccinatedAt, read: readPastTime},
	}},
}

// MasterField is the key of a field of master data as requests name it, "caps.low" for
// one within an object; "" for one that the kind does not have.
func MasterField(kind engine.Kind, f engine.Field) string {
	for i := range masters {
		if masters[i].kind != kind {
			continue
		}
		for _, m := range masters[i].fields {
			if m.to == f && m.parts == nil {
				return fields[m.from].name
			}
			if n := int(f) - int(m.to); n >= 0 && n < len(m.parts) {
				return fields[m.from].name + "." + m.parts[n]
			}
		}
	}
	return ""
}

// masterItem turns the item into a row.
func (d *Decoder) masterItem(m *master) *fault {
	it, b := &d.item, &d.out.Batch
	if missing := m.required &^ it.seen; missing != 0 {
		return faultMissing[bits.TrailingZeros64(uint64(missing))]
	}
	if wrong := m.required &^ it.text; wrong != 0 {
		return faultInvalid[bits.TrailingZeros64(uint64(wrong))]
	}
	var person engine.PersonRef
	if m.kind == engine.KindRoster {
		var f *fault
		if person, f = d.who(fieldPerson, &d.person); f != nil {
			return f
		}
		if f = d.profile(it.seen & m.names); f != nil {
			return f
		}
	}
	mark := len(b.Bytes)
	if m.kind == engine.KindRound {
		if it.seen.has(fieldRound) && (!it.text.has(fieldRound) || string(it.value(fieldRound)) != string(d.o.Round)) {
			return faultRoundPath
		}
		b.Bytes = engine.AppendField(b.Bytes, engine.FieldKey, d.o.Round)
	}
	for i := range m.fields {
		if f := d.masterField(&m.fields[i]); f != nil {
			b.Bytes = b.Bytes[:mark]
			return f
		}
	}
	var extra engine.Span
	if len(b.Bytes) > mark {
		extra = engine.Span{Off: uint32(mark), Len: uint32(len(b.Bytes) - mark)}
	}
	ctx, f := d.context(0)
	if f != nil {
		return f
	}
	if m.kind == engine.KindRoster {
		person = d.noted(person, d.person)
	}
	b.Add(m.kind, 0, engine.NoTube, person, 0, ctx, 0, extra)
	if set := (it.seen | it.null) & m.names; set != 0 {
		d.keepNames(set)
	}
	return nil
}

// masterField appends one field of the item to the batch, where it is named.
func (d *Decoder) masterField(m *masterField) (f *fault) {
	it, b := &d.item, &d.out.Batch
	switch {
	case it.null.has(m.from):
		for n := range max(1, len(m.parts)) {
			b.Bytes = engine.AppendField(b.Bytes, m.to+engine.Field(n), nil)
		}
	case !it.seen.has(m.from):
	case m.parts != nil:
		return d.masterParts(m)
	default:
		v := given{raw: it.value(m.from)}
		if it.text.has(m.from) {
			v = given{text: v.raw}
		}
		if d.master, f = m.read(d, m.from, v, d.master[:0]); f == nil {
			b.Bytes = engine.AppendField(b.Bytes, m.to, d.master)
		}
	}
	return f
}

// masterParts appends the parts of an object, those it names.
func (d *Decoder) masterParts(m *masterField) (f *fault) {
	var parts [4]part
	if d.item.text.has(m.from) || !d.inner.parts(d.item.value(m.from), m.parts, &parts) {
		return faultInvalid[m.from]
	}
	b := &d.out.Batch
	for n := range m.parts {
		switch p := &parts[n]; p.first {
		case 0:
			continue
		case 'n':
			d.master = d.master[:0]
		case '"':
			d.master, f = m.read(d, m.from, given{text: d.inner.out[p.at.Off : p.at.Off+p.at.Len]}, d.master[:0])
		default:
			d.master, f = m.read(d, m.from, given{raw: d.inner.in[p.at.Off : p.at.Off+p.at.Len]}, d.master[:0])
		}
		if f != nil {
			return f
		}
		b.Bytes = engine.AppendField(b.Bytes, m.to+engine.Field(n), d.master)
	}
	return nil
}

// part is a member of an object: its first character, 0 when it is not there, and where
// it lies, in out for a string, else in in.
type part struct {
	first byte
	at    engine.Span
}

// parts finds the members of an object that have one of the names. REQUIRES: raw is valid JSON.
func (p *parser) parts(raw []byte, names []string, parts *[4]part) bool {
	p.in, p.i, p.out, p.keys = raw, 0, p.out[:0], p.keys[:0]
	if p.space() != '{' {
		return false
	}
	p.i++
	for p.space() != '}' {
		if p.in[p.i] == ',' {
			p.i++
			p.space()
		}
		s, _ := p.string()
		which := -1
		for n, name := range names {
			if string(p.out[s.Off:s.Off+s.Len]) == name {
				which = n
			}
		}
		p.space()
		p.i++ // colon
		first := p.space()
		at := engine.Span{Off: uint32(p.i), Len: uint32(len(p.out))}
		p.skip(0)
		if which < 0 {
			continue
		}
		if first == '"' {
			at = engine.Span{Off: at.Len, Len: uint32(len(p.out)) - at.Len}
		} else {
			at.Len = uint32(p.i) - at.Off
		}
		parts[which] = part{first, at}
	}
	return true
}
