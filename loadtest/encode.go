package loadtest

import "strconv"

// encoder writes events as NDJSON lines by appending bytes: the generator shares
// the machine with the server that it measures.
type encoder struct {
	calendar *calendar
	typed    bool // lines of POST /v1/events carry "type"
}

// appendEvent appends one line.
func (e *encoder) appendEvent(b []byte, ev *Event) []byte {
	switch ev.Kind {
	case Scan:
		return e.appendScan(b, ev)
	case Result:
		return e.appendResult(b, ev)
	case Unscan:
		b = append(b, `{"type":"unscan","tube":"`...)
		b = ev.Tube.append(b)
		b = append(b, `","person":"`...)
		b = appendPerson(b, ev.Person)
		b = append(b, `","reason":"wrong tube"`...)
	case TubeOpen:
		b = append(b, `{"type":"tube.open","tube":"`...)
		b = ev.Tube.append(b)
		b = append(b, '"')
		if ev.Capacity > 0 {
			b = append(b, `,"capacity":`...)
			b = strconv.AppendInt(b, int64(ev.Capacity), 10)
		}
		b = appendManner(b, ev)
		b = append(b, `,"site":"`...)
		b = append(appendSite(b, ev.Site), '"')
	case TubeClose:
		b = append(b, `{"type":"tube.close","tube":"`...)
		b = ev.Tube.append(b)
		b = append(b, `","members":`...)
		b = strconv.AppendInt(b, int64(ev.Members), 10)
	}
	b = append(b, `,"at":"`...)
	b = e.calendar.appendTime(b, ev.At)
	return appendEnd(b, ev)
}

func (e *encoder) appendScan(b []byte, ev *Event) []byte {
	if e.typed {
		b = append(b, `{"type":"scan","tube":"`...)
	} else {
		b = append(b, `{"tube":"`...)
	}
	b = ev.Tube.append(b)
	b = append(b, `","person":"`...)
	b = appendPerson(b, ev.Person)
	b = append(b, `","at":"`...)
	b = e.calendar.appendTime(b, ev.At)
	b = append(b, `","site":"`...)
	b = appendSite(b, ev.Site)
	b = append(b, `","station":"`...)
	b = appendSite(b, ev.Site)
	b = append(b, '-', '1'+ev.Table)
	if ev.Mode != NoMode || ev.Recollection {
		b = appendManner(append(b, '"'), ev)
		if ev.Late {
			b = append(b, `,"late":true`...)
		}
		return append(b, '}', '\n')
	}
	return appendEnd(b, ev)
}

func (e *encoder) appendResult(b []byte, ev *Event) []byte {
	if e.typed {
		b = append(b, `{"type":"result","tube":"`...)
	} else {
		b = append(b, `{"tube":"`...)
	}
	b = ev.Tube.append(b)
	b = append(b, `","verdict":"`...)
	b = append(b, verdictNames[ev.Verdict]...)
	b = append(b, `","lab":"L`...)
	b = strconv.AppendInt(b, int64(ev.Lab)+1, 10)
	if ev.Plate > 0 {
		b = append(b, `","plate":"P`...)
		b = strconv.AppendInt(b, int64(ev.Plate), 10)
		b = append(b, `","well":"`...)
		b = append(b, 'A'+ev.Well%8)
		b = strconv.AppendInt(b, int64(ev.Well/8)+1, 10)
	}
	b = append(b, `","tested_at":"`...)
	b = e.calendar.appendTime(b, ev.Tested)
	if ev.Reported != never {
		b = append(b, `","reported_at":"`...)
		b = e.calendar.appendTime(b, ev.Reported)
	}
	return appendEnd(b, ev)
}

// appendManner appends mode and purpose where they are said.
func appendManner(b []byte, ev *Event) []byte {
	if ev.Mode != NoMode {
		b = append(b, `,"mode":"`...)
		b = append(b, modeNames[ev.Mode]...)
		b = append(b, '"')
	}
	if ev.Recollection {
		b = append(b, `,"purpose":"recollection"`...)
	}
	return b
}

// appendEnd closes the string that is open and the object.
func appendEnd(b []byte, ev *Event) []byte {
	if ev.Late {
		return append(b, "\",\"late\":true}\n"...)
	}
	return append(b, '"', '}', '\n')
}

// appendSite appends a site's name, six characters for the first 100,000 sites.
func appendSite(b []byte, site uint32) []byte {
	if site >= 100_000 {
		return strconv.AppendUint(append(b, 'S'), uint64(site), 10)
	}
	return append(b, 'S', byte('0'+site/10000), byte('0'+site/1000%10), byte('0'+site/100%10), byte('0'+site/10%10), byte('0'+site%10))
}
