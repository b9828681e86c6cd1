package ingest

import (
	"math/bits"

	"poolwise/engine"
)

// contextCache finds contexts that the batch already holds, as tubeCache does tubes.
type contextCache struct {
	mark  uint32
	last  uint32
	set   fieldSet // what the last one said
	slots [contextCacheSlots]cacheSlot
}

func (c *contextCache) reset() {
	c.mark++
	c.last, c.set = 0, 0
	if c.mark == 0 {
		c.slots = [contextCacheSlots]cacheSlot{}
		c.mark = 1
	}
}

// context gives the index in Contexts of what the item shares with its neighbours:
// the fields of set.
func (d *Decoder) context(set fieldSet) (uint32, *fault) {
	it, b, c := &d.item, &d.out.Batch, &d.places
	if wrong := set &^ it.text; wrong != 0 {
		return 0, faultInvalid[bits.TrailingZeros64(uint64(wrong))]
	}
	var v engine.Context
	if set&setWords != 0 {
		if f := d.words(set, &v); f != nil {
			return 0, f
		}
	}
	if set == c.set && len(b.Contexts) > 0 && d.isContext(set, &v, &b.Contexts[c.last]) {
		return c.last, nil
	}
	hash := uint64(set)<<32 | uint64(v.Mode)<<24 | uint64(v.Purpose)<<16 | uint64(v.Specimen)<<8 | uint64(v.Source)
	for s := set & setPlace; s != 0; s &= s - 1 {
		f := field(bits.TrailingZeros64(uint64(s)))
		if f == fieldArea && !isArea(it.value(f)) || f != fieldArea && !isName(it.value(f)) {
			return 0, faultInvalid[f]
		}
		hash = bits.RotateLeft64(hash, 23) ^ engine.HashTube(it.value(f))
	}
	slot := &c.slots[hash*0x9e3779b97f4a7c15>>32%contextCacheSlots]
	c.set = set
	if slot.mark == c.mark && d.isContext(set, &v, &b.Contexts[slot.index]) {
		c.last = slot.index
		return c.last, nil
	}
	for s := set & setPlace; s != 0; s &= s - 1 {
		f := field(bits.TrailingZeros64(uint64(s)))
		*placeOf(&v, f) = b.Put(it.value(f))
	}
	c.last = uint32(len(b.Contexts))
	*slot = cacheSlot{c.mark, c.last}
	b.Contexts = append(b.Contexts, v)
	return c.last, nil
}

// isContext tells whether the item, its words read into v, says what old says.
// Names in old are valid, so equal ones need no check.
func (d *Decoder) isContext(set fieldSet, v, old *engine.Context) bool {
	if v.Mode != old.Mode || v.Purpose != old.Purpose || v.Specimen != old.Specimen || v.Source != old.Source {
		return false
	}
	return d.isPlace(set, fieldSite, old.Site) && d.isPlace(set, fieldStation, old.Station) &&
		d.isPlace(set, fieldRound, old.Round) && d.isPlace(set, fieldLab, old.Lab) && d.isPlace(set, fieldArea, old.Area)
}

// isPlace tells whether the item's name equals the batch's; an absent one equals an empty one.
func (d *Decoder) isPlace(set fieldSet, name field, old engine.Span) bool {
	if !set.has(name) {
		return old.Len == 0
	}
	return old.Len != 0 && string(d.item.value(name)) == string(d.out.Batch.Text(old))
}

func placeOf(v *engine.Context, name field) *engine.Span {
	switch name {
	case fieldSite:
		return &v.Site
	case fieldStation:
		return &v.Station
	case fieldRound:
		return &v.Round
	case fieldArea:
		return &v.Area
	default:
		return &v.Lab
	}
}

// words reads the fields of set that are one of a few words.
func (d *Decoder) words(set fieldSet, v *engine.Context) *fault {
	it := &d.item
	if set.has(fieldMode) {
		switch string(it.value(fieldMode)) {
		case "pool":
			v.Mode = engine.Pool
		case "household":
			v.Mode = engine.Household
		case "single":
			v.Mode = engine.Single
		default:
			return faultInvalid[fieldMode]
		}
	}
	if set.has(fieldPurpose) {
		switch string(it.value(fieldPurpose)) {
		case "screening":
			v.Purpose = engine.Screening
		case "recollection":
			v.Purpose = engine.Recollection
		case "recheck":
			v.Purpose = engine.Recheck
		default:
			return faultInvalid[fieldPurpose]
		}
	}
	if set.has(fieldSpecimen) {
		switch string(it.value(fieldSpecimen)) {
		case "op":
			v.Specimen = engine.SpecimenOP
		case "np":
			v.Specimen = engine.SpecimenNP
		default:
			return faultInvalid[fieldSpecimen]
		}
	}
	if set.has(fieldSource) {
		switch string(it.value(fieldSource)) {
		case "code":
			v.Source = engine.SourceCode
		case "id_card":
			v.Source = engine.SourceIDCard
		case "manual":
			v.Source = engine.SourceManual
		default:
			return faultInvalid[fieldSource]
		}
	}
	return nil
}
