package loadtest

import (
	"strconv"
	"unicode/utf8"
)

// encoder writes events as NDJSON lines by appending bytes: the generator shares
// the machine with the server that it measures.
type encoder struct {
	city  *City
	typed bool // lines of POST /v1/events carry "type"
}

// appendEvent appends one line.
func (e *encoder) appendEvent(b []byte, ev *Event) []byte {
	switch ev.Kind {
	case Scan:
		return e.appendScan(b, ev)
	case Result:
		return e.appendResult(b, ev)
	}
	b = append(b, `{"type":"`...)
	b = append(b, kindNames[ev.Kind]...)
	switch ev.Kind {
	case Unscan:
		b = appendTubeField(b, `","tube":"`, ev.Tube)
		b = appendWho(b, `","person":"`, ev.who())
		b = append(b, `","reason":"wrong tube`...)
	case TubeOpen:
		b = append(appendTubeField(b, `","tube":"`, ev.Tube), '"')
		if ev.Capacity > 0 {
			b = strconv.AppendInt(append(b, `,"capacity":`...), int64(ev.Capacity), 10)
		}
		b = e.appendManner(b, ev)
		if ev.Retained {
			b = append(b, `,"individual_specimens_retained":true`...)
		}
		b = appendSite(append(b, `,"site":"`...), ev.Site)
	case TubeClose:
		b = strconv.AppendInt(append(b, `","members":`...), int64(ev.Members), 10)
		b = appendTubeField(b, `,"tube":"`, ev.Tube)
	default:
		b = e.appendRare(b, ev)
	}
	b = append(b, `","at":"`...)
	b = e.city.clock.appendTime(b, ev.At)
	return appendEnd(b, ev)
}

// appendRare appends what is special of the rarer events, up to an open string.
func (e *encoder) appendRare(b []byte, ev *Event) []byte {
	switch ev.Kind {
	case Transfer:
		b = appendTubeField(b, `","from_tube":"`, ev.Tube)
		b = appendTubeField(b, `","to_tube":"`, ev.Other)
		b = appendWho(b, `","person":"`, ev.who())
		return append(b, `","reason":"other tube`...)
	case TubeVoid:
		return append(appendTubeField(b, `","tube":"`, ev.Tube), `","reason":"leaked`...)
	case TubeReceive, TubeReject:
		b = appendLab(append(appendTubeField(b, `","tube":"`, ev.Tube), `","lab":"`...), ev.Lab)
		if ev.Kind == TubeReject {
			b = append(b, `","reason":"no swab`...)
		}
		return b
	case TubeLost:
		return appendTubeField(b, `","tube":"`, ev.Tube)
	case Excuse:
		b = append(append(appendWho(b, `","person":"`, ev.who()), `","round":"`...), e.city.rounds[ev.Round].name...)
		return append(b, `","reason":"fever`...)
	case Discharge:
		return append(appendWho(b, `","person":"`, ev.who()), `","reason":"recovered`...)
	case Acknowledge, Unreachable:
		return appendWho(b, `","person":"`, ev.who())
	case Merge, Unmerge:
		b = appendWho(b, `","from":"`, ev.who())
		return appendWho(b, `","to":"`, identity{ev.Person, !ev.Noted})
	}
	panic("loadtest: BUG: an event of an unknown kind")
}

func appendTubeField(b []byte, field string, t TubeCode) []byte { return t.append(append(b, field...)) }

func appendWho(b []byte, field string, who identity) []byte { return who.append(append(b, field...)) }

func (e *encoder) appendScan(b []byte, ev *Event) []byte {
	if e.typed {
		b = append(b, `{"type":"scan","tube":"`...)
	} else {
		b = append(b, `{"tube":"`...)
	}
	b = ev.Tube.append(b)
	b = append(b, `","person":"`...)
	if ev.Noted {
		b = ev.who().append(b)
	} else {
		b = appendPerson(b, ev.Person)
	}
	b = append(b, `","at":"`...)
	b = e.city.clock.appendTime(b, ev.At)
	b = append(b, `","site":"`...)
	b = appendSite(b, ev.Site)
	b = append(b, `","station":"`...)
	b = appendSite(b, ev.Site)
	b = append(b, '-', '1'+ev.Table)
	if e.city.plan.Full {
		b = appendFull(b, ev)
	}
	if ev.Mode|Mode(ev.Purpose)|Mode(ev.Round) == 0 && ev.Area == 0 && ev.Household == 0 && ev.Other.Series == 0 {
		return appendEnd(b, ev)
	}
	b = e.appendManner(append(b, '"'), ev)
	if ev.Area != 0 {
		b = append(strconv.AppendUint(append(b, `,"area":"`...), uint64(ev.Area), 10), '"')
	}
	if ev.Household != 0 {
		b = append(appendHousehold(append(b, `,"household":"`...), ev.Household), '"')
	}
	if ev.Other.Series != 0 {
		b = append(appendTubeField(b, `,"retained_of":"`, ev.Other), '"')
	}
	if ev.Late {
		b = append(b, `,"late":true`...)
	}
	return append(b, '}', '\n')
}

// appendFull appends an invented name, a phone and the area of the site, up to an open string.
func appendFull(b []byte, ev *Event) []byte {
	b = append(b, `","name":"`...)
	b = utf8.AppendRune(append(b, "测试"...), rune(0x4e00+ev.Person%5000))
	b = utf8.AppendRune(b, rune(0x4e00+ev.Person/5000%5000))
	b = append(b, `","phone":"1390`...)
	for unit := uint32(1_000_000); unit > 0; unit /= 10 {
		b = append(b, byte('0'+ev.Person/unit%10))
	}
	return appendArea(append(b, `","area":"`...), community(ev.Site))
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
	b = appendLab(append(b, `","lab":"`...), ev.Lab)
	if ev.Stage != Final {
		b = append(b, `","stage":"`...)
		b = append(b, stageNames[ev.Stage-Preliminary]...)
	}
	if ev.Plate > 0 {
		b = append(b, `","plate":"P`...)
		b = strconv.AppendInt(b, int64(ev.Plate), 10)
		b = append(b, `","well":"`...)
		b = append(b, 'A'+ev.Well%8)
		b = strconv.AppendInt(b, int64(ev.Well/8)+1, 10)
	}
	b = append(b, `","tested_at":"`...)
	b = e.city.clock.appendTime(b, ev.Tested)
	if ev.Reported != never {
		b = append(b, `","reported_at":"`...)
		b = e.city.clock.appendTime(b, ev.Reported)
	}
	return appendEnd(b, ev)
}

// appendManner appends mode, purpose and round where they are said.
func (e *encoder) appendManner(b []byte, ev *Event) []byte {
	if ev.Mode != NoMode {
		b = append(append(append(b, `,"mode":"`...), modeNames[ev.Mode]...), '"')
	}
	if ev.Purpose != NoPurpose {
		b = append(append(append(b, `,"purpose":"`...), purposeNames[ev.Purpose]...), '"')
	}
	if ev.Round != noRound {
		b = append(append(append(b, `,"round":"`...), e.city.rounds[ev.Round].name...), '"')
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

func appendLab(b []byte, lab uint8) []byte {
	return strconv.AppendInt(append(b, 'L'), int64(lab)+1, 10)
}

func appendHousehold(b []byte, household uint32) []byte {
	return strconv.AppendUint(append(b, 'H'), uint64(household), 10)
}

// appendSite appends a site's name, six characters for the first 100,000 sites.
func appendSite(b []byte, site uint32) []byte {
	if site >= 100_000 {
		return strconv.AppendUint(append(b, 'S'), uint64(site), 10)
	}
	return append(b, 'S', byte('0'+site/10000), byte('0'+site/1000%10), byte('0'+site/100%10), byte('0'+site/10%10), byte('0'+site%10))
}
