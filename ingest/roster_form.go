package ingest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strconv"
	"unicode/utf8"
)

// formColumn is a column of the roster's form, the eleven of the districts' lists.
type formColumn uint8

const (
	formNumber formColumn = iota
	formStreet
	formCommunity
	formGrid
	formLiaison
	formName
	formSex
	formPapers
	formPhone
	formTube
	formHomeVisit
	formColumns
)

// formHeadings are the form's headings, and the fields that they hold.
var formHeadings = [formColumns]struct{ text, field string }{
	formNumber:    {"序号", ""},
	formStreet:    {"街道", "area"},
	formCommunity: {"社区", "area"},
	formGrid:      {"网格", "area"},
	formLiaison:   {"挂钩联络员", "liaison"},
	formName:      {"受检对象姓名", "name"},
	formSex:       {"性别", "sex"},
	formPapers:    {"身份证号", "person"},
	formPhone:     {"联系电话", "phone"},
	formTube:      {"试管码", "tube"},
	formHomeVisit: {"是否需要上门采样", "home_visit"},
}

// The two columns that the form reads in its own way.
var (
	headingPapers = &heading{name: "person", key: `,"person":"`, shape: shapePapers}
	headingPlace  = &heading{name: "area", key: `,"area":"`, shape: shapePlace}
)

// What only the form's rows are refused with. Of an area the field at fault is the column
// itself: three of them hold the one field.
var (
	faultFifteen     = &fault{CodePersonInvalid, `The field "person" must be an ID of 18 characters, not of 15 digits.`, "person"}
	faultNoNumber    = &fault{CodeFieldMissing, `The field "person" is missing; people without papers are numbered, as in 流浪汉1.`, "person"}
	faultNoPlace     = &fault{CodeFieldMissing, `The field "area" is missing; people without papers are numbered within an area.`, "area"}
	faultAreaUnknown [formColumns]*fault
	faultAreaTwice   [formColumns]*fault
)

func init() {
	for c := formStreet; c <= formGrid; c++ {
		text := formHeadings[c].text
		faultAreaUnknown[c] = &fault{CodeFieldInvalid, `The column "` + text + `" names no known area within those above it.`, text}
		faultAreaTwice[c] = &fault{CodeFieldInvalid, `The column "` + text + `" names more than one known area; give the one above it, or a code.`, text}
	}
}

// rosterForm is what a table has of the form. Areas stand there in words, each level in a
// column of its own, and people without papers by what they are called.
type rosterForm struct {
	on      bool
	twice   bool // a heading stands there twice
	has     [formColumns]bool
	column  [formColumns]int
	areas   func(yield func(area, name, parent string))
	named   map[string][]string   // areas by name; nil until a name is met
	under   map[areaName][]string // areas by name and parent
	parents map[string]string

	// The row's area: as it stands there, its code when it has one, and the fault of it.
	words []byte
	code  []byte
	wrong *fault
	level [3][]byte // what they were found by, for the next row
	cells [3][]byte

	// Newborns: what keys their numbers, and how many rows of the table have had one. They are
	// no more than its rows.
	secret []byte
	keyed  hash.Hash // nil until one is met
	born   map[string]int
}

// areaName is an area's name within another.
type areaName struct{ parent, name string }

func (f *rosterForm) reset(o Options) {
	level, cells := f.level, f.cells
	for i := range level {
		level[i] = level[i][:0]
	}
	*f = rosterForm{areas: o.Areas, secret: o.Secret, level: level, cells: cells, words: f.words[:0], code: f.code[:0]}
}

// forget lets go of the areas' names and the newborns, once the rows are read.
func (f *rosterForm) forget() {
	f.areas, f.named, f.under, f.parents = nil, nil, nil, nil
	f.secret, f.keyed, f.born = nil, nil, nil
}

// isForm tells whether the row that was split last holds the form's headings.
func (t *table) isForm(src []byte) bool {
	name, papers := false, false
	for _, c := range t.cells[:min(t.count, t.width)] {
		switch formColumnNamed(t.cellText(src, c)) {
		case formName:
			name = true
		case formPapers:
			papers = true
		}
	}
	return name && papers
}

// formColumnNamed finds a column by its heading, blanks and line breaks in it set aside.
func formColumnNamed(text []byte) formColumn {
	for c := range formHeadings {
		rest, same := text, true
		for _, want := range []byte(formHeadings[c].text) {
			for len(rest) > 0 && blankAt(rest) > 0 {
				rest = rest[blankAt(rest):]
			}
			if same = len(rest) > 0 && rest[0] == want; !same {
				break
			}
			rest = rest[1:]
		}
		if same && len(trimBlanks(rest)) == 0 {
			return formColumn(c)
		}
	}
	return formColumns
}

// take notes a column of the form. The heading that comes back is what its cells are read
// as, nil when they are not read, or together with a column before.
func (f *rosterForm) take(text []byte, column int) (h *heading, known bool) {
	c := formColumnNamed(text)
	if c == formColumns {
		return nil, false
	}
	f.twice = f.twice || f.has[c]
	areas := f.has[formStreet] || f.has[formCommunity] || f.has[formGrid]
	f.on, f.has[c], f.column[c] = true, true, column
	switch c {
	case formNumber:
		return nil, true
	case formStreet, formCommunity, formGrid:
		if areas {
			return nil, true
		}
		return headingPlace, true
	case formPapers:
		return headingPapers, true
	}
	return headingNamed([]byte(formHeadings[c].field)), true
}

// ignores tells of a column that makes no item of a row: forms come numbered in advance.
func (f *rosterForm) ignores(column int) bool {
	return f.has[formNumber] && f.column[formNumber] == column
}

// heading is the form's heading of a field; the field itself where it has none. Of the
// areas it is the innermost that the table has.
func (f *rosterForm) heading(field string) string {
	heading := field
	for c, h := range formHeadings {
		if f.has[c] && h.field == field {
			heading = h.text
		}
	}
	return heading
}

// cell is the text of a column in the row, without blanks around it.
func (f *rosterForm) cell(t *table, src []byte, c formColumn) []byte {
	if !f.has[c] {
		return nil
	}
	at := t.cells[f.column[c]]
	text := trimBlanks(t.cellText(src, at))
	return bytes.TrimPrefix(text, []byte("'"))
}

// place finds the row's area. Most rows have that of the row before.
func (f *rosterForm) place(t *table, src []byte) *fault {
	same := true
	for i := range f.level {
		f.cells[i] = append(f.cells[i][:0], f.cell(t, src, formStreet+formColumn(i))...)
		same = same && bytes.Equal(f.cells[i], f.level[i])
	}
	if same {
		return f.wrong
	}
	f.level, f.cells = f.cells, f.level
	f.words, f.code = f.words[:0], f.code[:0]
	f.wrong = f.locate()
	return f.wrong
}

// locate finds the code of the innermost area that the row names. Those outside it only
// tell apart what bears one name.
func (f *rosterForm) locate() *fault {
	innermost := len(f.level) - 1
	for innermost >= 0 && len(f.level[innermost]) == 0 {
		innermost--
	}
	if innermost < 0 {
		return nil
	}
	if text := f.level[innermost]; isArea(text) {
		f.code = append(f.code, text...)
		return nil
	}
	var found []string // nil: anywhere
	for i, text := range f.level[:innermost+1] {
		switch {
		case len(text) == 0:
			continue
		case isArea(text):
			found = []string{string(text)}
			continue
		}
		switch found = f.find(text, found); {
		case len(found) == 0:
			f.words = append(f.words, text...)
			return faultAreaUnknown[formStreet+formColumn(i)]
		case len(found) > 1 && i == innermost, len(found) > areaNamesakesMax:
			f.words = append(f.words, text...)
			return faultAreaTwice[formStreet+formColumn(i)]
		}
	}
	f.code = append(f.code, found[0]...)
	return nil
}

// find gives the areas of a name that lie in one of others: those next below them, or else
// further down. Without others it gives all of the name.
func (f *rosterForm) find(name []byte, over []string) (found []string) {
	if f.named == nil {
		f.index()
	}
	all := f.named[string(name)]
	if len(over) == 0 {
		return all
	}
	for _, parent := range over {
		found = append(found, f.under[areaName{parent, string(name)}]...)
	}
	if len(found) > 0 || len(all)*len(over) > areaNamesakesMax {
		return found
	}
	for _, area := range all {
		if up := f.parents[area]; f.isUnder(up, over) {
			found = append(found, area)
		}
	}
	return found
}

// isUnder tells whether an area is one of others, or lies in one.
func (f *rosterForm) isUnder(area string, others []string) bool {
	for range areaDepthMax {
		for _, o := range others {
			if area == o {
				return true
			}
		}
		if area = f.parents[area]; area == "" {
			return false
		}
	}
	return false
}

// index takes down the areas that have names.
func (f *rosterForm) index() {
	f.named, f.under, f.parents = map[string][]string{}, map[areaName][]string{}, map[string]string{}
	if f.areas == nil {
		return
	}
	f.areas(func(area, name, parent string) {
		if name != "" {
			at := areaName{parent, name}
			f.named[name] = append(f.named[name], area)
			f.under[at] = append(f.under[at], area)
		}
		f.parents[area] = parent
	})
}

// formValue appends who a row of the form is about, or where.
func (t *table) formValue(dst, src []byte, s *step) ([]byte, *fault) {
	f := &t.form
	if s.shape == shapePlace {
		text := f.words
		if len(f.code) > 0 {
			text = f.code
		}
		if len(text) > 0 {
			dst = appendText(append(dst, `,"area":`...), text)
		}
		if f.wrong != nil {
			dst = f.appendLevels(dst)
		}
		return dst, nil
	}
	text := f.cell(t, src, formPapers)
	switch {
	case len(text) == 0:
		return f.nameless(t, dst, src)
	case len(text) == 15 && allDigits(text):
		return appendRefused(append(dst, `,"person":`...), text), faultFifteen
	}
	return appendPerson(append(dst, `,"person":`...), text, "person")
}

// appendLevels appends the columns of a row's area as they stand, for whoever is to find out
// later what was meant: one word of them tells little. The decoder passes over such fields.
func (f *rosterForm) appendLevels(dst []byte) []byte {
	for i, text := range f.level {
		if len(text) > 0 {
			dst = append(append(dst, ',', '"'), formHeadings[formStreet+formColumn(i)].text...)
			dst = appendText(append(dst, '"', ':'), text)
		}
	}
	return dst
}

// nameless appends somebody whose papers are not there: 流浪汉1, a homeless person with the
// number that was given out, or a newborn called after its mother, 之子 a son, 之女 a daughter.
// Anybody else has no identity, and is refused.
func (f *rosterForm) nameless(t *table, dst, src []byte) ([]byte, *fault) {
	name := f.cell(t, src, formName)
	var number [20]byte
	n, sex := 0, ""
	switch {
	case bytes.HasPrefix(name, []byte("流浪汉")):
		for rest := trimBlanks(name[len("流浪汉"):]); len(rest) > 0; {
			r, size := utf8.DecodeRune(rest)
			if rest = rest[size:]; r >= '０' && r <= '９' {
				r -= '０' - '0'
			}
			if r < '0' || r > '9' || n == len(number) {
				return dst, faultNoNumber
			}
			number[n] = byte(r)
			n++
		}
		if n == 0 {
			return dst, faultNoNumber
		}
	case bytes.HasSuffix(name, []byte("之子")):
		sex = "M"
	case bytes.HasSuffix(name, []byte("之女")):
		sex = "F"
	default:
		return dst, nil
	}
	if len(f.code) == 0 {
		return dst, faultNoPlace
	}
	dst = append(dst, `,"person":"none:`...)
	dst = append(dst, f.code...)
	dst = append(dst, ':')
	if sex == "" {
		return append(append(dst, number[:n]...), '"'), nil
	}
	dst = append(f.appendNewborn(dst, t, src, name), '"')
	if len(f.cell(t, src, formSex)) == 0 {
		dst = append(append(append(dst, `,"sex":"`...), sex...), '"')
	}
	return dst, nil
}

// newbornsKey stands in for a server's secret where there is none.
var newbornsKey = []byte("newborns without a secret")

// appendNewborn appends the number of a newborn, made of its name and phone: who is called
// alike in one grid has another phone, and the same list sent again has the same people. It
// is keyed, or a list of names would tell whose number it is. Of two rows that are the same
// in this the second is a twin: -2, and so on.
func (f *rosterForm) appendNewborn(dst []byte, t *table, src, name []byte) []byte {
	if f.keyed == nil {
		key := f.secret
		if key == nil {
			key = newbornsKey
		}
		f.keyed, f.born = hmac.New(sha256.New, key), map[string]int{}
	}
	f.keyed.Reset()
	f.keyed.Write(name)
	f.keyed.Write([]byte{0})
	f.keyed.Write(f.cell(t, src, formPhone)) // only now: it may take the memory of the name
	var sum [sha256.Size]byte
	number := binary.BigEndian.Uint64(f.keyed.Sum(sum[:0]))
	from := len(dst)
	dst = strconv.AppendUint(dst, number, 10)
	person := string(f.code) + ":" + string(dst[from:])
	if f.born[person]++; f.born[person] > 1 {
		dst = strconv.AppendInt(append(dst, '-'), int64(f.born[person]), 10)
	}
	return dst
}
