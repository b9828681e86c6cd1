package engine

// Part is one structure's share of memory.
type Part struct {
	Name  string
	Per   string // what it grows with: "person", "scan" (a test), or "" for the few
	Bytes uint64
}

// Bytes is what every structure holds, by its own account; any goroutine.
func (e *Engine) Bytes() []Part {
	e.mu.RLock()
	defer e.mu.RUnlock()
	p, t, r := e.people, e.tubes, e.registry
	parts := []Part{
		{"person_keys", "person", r.keys.bytes()},
		{"person_index", "person", r.index.bytes()},
		{"person_words", "person", p.words.bytes()},
		{"person_documents", "", r.texts.bytes()},
		{"tests", "scan", p.tests.bytes()},
		{"test_marks", "scan", p.marks.bytes()},
		{"members", "scan", t.member.bytes()},
		{"places", "scan", t.place.bytes()},
		{"test_blocks", "scan", t.blocks.bytes()},
		{"tube_headers", "scan", t.headers.bytes()},
		{"tube_codes", "scan", t.codes.bytes()},
		{"tube_index", "scan", t.index.bytes()},
		{"tube_closed", "scan", t.closed.bytes()},
		{"tube_extras", "scan", t.extras.bytes()},
		{"sides", "", p.sides.bytes()},
		{"causes", "", p.cause.bytes()},
		{"orders", "", p.order.bytes()},
		{"moves", "", t.moves.bytes()},
		{"watched_tubes", "", t.watched.bytes()},
		{"notes", "", e.notes.bytes()},
	}
	parts = append(parts, e.coldParts()...)
	return append(append(parts, e.master.bytes()...), e.coverage.bytes()...)
}
