package ingest

// step writes one column into a row's line.
type step struct {
	*heading
	column int
	part   bool // of the object that the step before begins
}

// heading is what a column can be: the field of its name, and how its cells are meant.
type heading struct {
	name   string // as the header has it, "caps.low" for a part of an object
	key    string // as the line has it, with the comma before and, of texts, the quote of the value
	object string // the key of the object that the field is part of
	shape  shapeOfCell
}

// shapeOfCell is how a spreadsheet writes a value.
type shapeOfCell uint8

const (
	shapeCode   shapeOfCell = iota // a text without blanks at its ends
	shapeFree                      // a text
	shapePhone                     // a text that spreadsheets take for a number
	shapePerson                    // likewise, and too long for their numbers
	shapeTime
	shapeDay // a time, or a day: its midnight
	shapeSex
	shapeBoolean
	shapeNumber // or a word
	shapeList
	shapeTargets
	shapePapers // of the roster's form, also where the cell is empty
	shapePlace  // likewise
)

// shapes of fields by their key; all others are codes.
var cellShapes = map[string]shapeOfCell{
	"name": shapeFree, "household": shapeFree, "id": shapeFree, "reason": shapeFree, "result_id": shapeFree,
	"run": shapeFree, "plate": shapeFree, "well": shapeFree, "opens": shapeFree, "liaison": shapeFree,
	"phone": shapePhone, "person": shapePerson, "from": shapePerson, "to": shapePerson, "sex": shapeSex,
	"at": shapeTime, "tested_at": shapeTime, "reported_at": shapeTime, "opens_at": shapeTime, "closes_at": shapeTime,
	"effective_at": shapeTime, "vaccinated_at": shapeDay,
	"late": shapeBoolean, "individual_specimens_retained": shapeBoolean, "home_visit": shapeBoolean,
	"capacity": shapeNumber, "members": shapeNumber, "circle": shapeNumber,
	"groups": shapeList, "areas": shapeList, "single_groups": shapeList, "tubes": shapeList, "targets": shapeTargets,
}

// headings are all that a column can be in a table of any kind.
var headings = func() (all []heading) {
	add := func(name, key, object string, shape shapeOfCell) {
		if key = `,"` + key + `":`; shape < shapeBoolean {
			key += `"`
		}
		all = append(all, heading{name, key, object, shape})
	}
	for _, f := range fields {
		add(f.name, f.name, "", cellShapes[f.name])
	}
	if fieldNamed([]byte("liaison")) == fieldUnknown {
		add("liaison", "liaison", "", shapeFree)
	}
	for _, m := range masters {
		for _, f := range m.fields {
			for _, part := range f.parts {
				add(fields[f.from].name+"."+part, part, fields[f.from].name, shapeNumber)
			}
		}
	}
	return all
}()

// headingNamed finds a heading as a header has it; nil for none.
func headingNamed(text []byte) *heading {
	for i := range headings {
		name := headings[i].name
		same := len(name) == len(text)
		for n := 0; same && n < len(name); n++ {
			same = name[n] == lower(text[n])
		}
		if same {
			return &headings[i]
		}
	}
	return nil
}

// readHeadings makes the steps of the header that was split last.
func (t *table) readHeadings(src []byte, o Options) error {
	t.width = min(t.count, MaxColumns)
	t.steps = t.steps[:0]
	for i := range t.width {
		text := trimBlanks(t.cellText(src, t.cells[i]))
		h := headingNamed(text)
		if h == nil && o.Endpoint == Roster {
			var known bool
			if h, known = t.form.take(text, i); known && h == nil {
				continue
			}
		}
		if h == nil {
			continue
		}
		if !t.addStep(h, i) {
			return errHeadingTwice
		}
	}
	if t.form.twice {
		return errHeadingTwice
	}
	if len(t.steps) == 0 {
		return errNoHeading
	}
	return nil
}

// addStep adds a column to the steps, a part of an object behind the other parts. It fails
// when the field has one.
func (t *table) addStep(h *heading, column int) bool {
	at := len(t.steps)
	s := step{heading: h, column: column}
	for i := range t.steps {
		old := t.steps[i].heading
		if old.key == h.key && old.object == h.object || old.object != "" && old.object == h.name || h.object != "" && h.object == old.name {
			return false
		}
		if h.object != "" && old.object == h.object {
			at, s.part = i+1, true
		}
	}
	t.steps = append(t.steps, step{})
	copy(t.steps[at+1:], t.steps[at:])
	t.steps[at] = s
	return true
}
