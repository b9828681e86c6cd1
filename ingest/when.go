package ingest

import (
	"encoding/binary"
	"math"
	"time"

	"poolwise/engine"
)

const daySeconds = 24 * 60 * 60

// timeReader reads times of one request. Nearly all of them share date and offset
// with the one before, so the Unix time of that day's start is kept.
type timeReader struct {
	now  int64
	zone *time.Location

	// The date "2022-04-04T" and the offset "+08:00" that dayStart belongs to, as bytes.
	date, day, offset uint64
	dayStart          int64 // Unix time of midnight at that offset
}

func (r *timeReader) reset(o Options) { *r = timeReader{now: o.Now, zone: o.Zone} }

// read gives the instant of something that has happened, in whole seconds, or the fault.
func (r *timeReader) read(t []byte, name field) (engine.Seconds, *fault) {
	at, f := r.readAny(t, name)
	if f == nil && at.Unix() > r.now+MaxAheadSeconds {
		return 0, faultInFuture[name]
	}
	return at, f
}

// readAny also takes what is to come.
func (r *timeReader) readAny(t []byte, name field) (engine.Seconds, *fault) {
	unix, ok := r.usual(t)
	if !ok {
		var f *fault
		if unix, f = r.general(t, name); f != nil {
			return 0, f
		}
	}
	if unix <= engine.EpochUnix || unix > engine.EpochUnix+math.MaxUint32 {
		return 0, faultInvalid[name]
	}
	return engine.FromUnix(unix), nil
}

// usual reads the form 2022-04-04T08:01:00+08:00 when date and offset are those kept.
func (r *timeReader) usual(t []byte) (unix int64, ok bool) {
	if len(t) != 25 {
		return 0, false
	}
	date, rest, tail := binary.LittleEndian.Uint64(t), binary.LittleEndian.Uint64(t[8:]), binary.LittleEndian.Uint64(t[17:])
	if date != r.date || rest&0xffffff != r.day || tail>>16 != r.offset {
		return 0, false
	}
	// hh:mm from rest, :ss from the bytes before the offset.
	seconds, ok := clockTime(rest>>24, uint64(t[16])|tail&0xffff<<8)
	return r.dayStart + seconds, ok
}

// clockTime reads "hh:mm" and ":ss", five and three bytes, as seconds of the day.
func clockTime(hhmm, ss uint64) (seconds int64, ok bool) {
	const zeros = uint64('0') | '0'<<8 | ':'<<16 | '0'<<24 | '0'<<32 | ':'<<40 | '0'<<48 | '0'<<56
	const limit = uint64(0x7f-9)*ones + 9<<16 + 9<<40 // any digit, but exactly the colons
	v := (hhmm | ss<<40) ^ zeros
	if (v|(v+limit))&(ones*0x80) != 0 {
		return 0, false
	}
	h, m, s := v&15*10+v>>8&15, v>>24&15*10+v>>32&15, v>>48&15*10+v>>56
	return int64(h*3600 + m*60 + s), h < 24 && m < 60 && s < 60
}

// general reads every form that is tolerated.
func (r *timeReader) general(t []byte, name field) (unix int64, f *fault) {
	bad := faultInvalid[name]
	if len(t) < 19 || len(t) > MaxTimeBytes || t[4] != '-' || t[7] != '-' {
		return 0, bad
	}
	y, m, d := two(t, 0)*100+two(t, 2), two(t, 5), two(t, 8)
	if y < 0 || m < 0 || d < 0 || !isDate(y*10000+m*100+d) {
		return 0, bad
	}
	word := binary.LittleEndian.Uint64(t[11:])
	seconds, ok := clockTime(word&(1<<40-1), word>>40)
	if !ok || (t[10] != 'T' && t[10] != 't' && t[10] != ' ') {
		return 0, bad
	}
	rest := t[19:]
	if len(rest) > 0 && rest[0] == '.' {
		n := 1
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		if n == 1 {
			return 0, bad
		}
		rest = rest[n:]
	}
	if len(rest) == 0 {
		if r.zone == nil {
			return 0, faultNoOffset[name]
		}
		return time.Date(y, time.Month(m), d, 0, 0, int(seconds), 0, r.zone).Unix(), nil
	}
	offset, ok := parseOffset(rest)
	if !ok || t[10] == ' ' {
		return 0, bad
	}
	dayStart := daysFromCivil(y, m, d)*daySeconds - offset
	if len(t) == 25 {
		r.date, r.day = binary.LittleEndian.Uint64(t), binary.LittleEndian.Uint64(t[8:])&0xffffff
		r.offset, r.dayStart = binary.LittleEndian.Uint64(t[17:])>>16, dayStart
	}
	return dayStart + seconds, nil
}

// two reads two digits at i; far below zero when they are none.
func two(t []byte, i int) int {
	a, b := t[i]-'0', t[i+1]-'0'
	if a > 9 || b > 9 {
		return math.MinInt32
	}
	return int(a)*10 + int(b)
}

// parseOffset reads Z, z or ±hh:mm as seconds east of UTC.
func parseOffset(t []byte) (seconds int64, ok bool) {
	if len(t) == 1 {
		return 0, t[0] == 'Z' || t[0] == 'z'
	}
	if len(t) != 6 || t[3] != ':' {
		return 0, false
	}
	h, m := two(t, 1), two(t, 4)
	if h < 0 || m < 0 || h > 23 || m > 59 {
		return 0, false
	}
	seconds = int64(h*3600 + m*60)
	switch t[0] {
	case '+':
		return seconds, true
	case '-':
		return -seconds, true
	}
	return 0, false
}

// daysFromCivil counts days from 1970-01-01 to a date of the Gregorian calendar.
// REQUIRES: y >= 0.
func daysFromCivil(y, m, d int) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	return int64(365*y+y/4-y/100+y/400+(153*(m-3)+2)/5+d-1) - 719468
}
