package ingest

import (
	"encoding/binary"
	"strconv"

	"poolwise/engine"
)

// Values of master data: each reader takes one kind and appends its canonical form.

func readArea(_ *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	if !isArea(v.text) {
		return dst, faultInvalid[name]
	}
	return append(dst, v.text...), nil
}

func readCode(_ *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	if !isName(v.text) {
		return dst, faultInvalid[name]
	}
	return append(dst, v.text...), nil
}

func readName(d *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	if f := d.profile(name.set()); f != nil {
		return dst, f
	}
	return append(dst, v.text...), nil
}

func readText(_ *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	if v.raw != nil || len(v.text) > MaxTextBytes || hasControl(v.text) {
		return dst, faultInvalid[name]
	}
	return append(dst, v.text...), nil
}

// readHousehold takes the name of a household and gives its hash: the name is of the profile.
func readHousehold(d *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	if _, f := readText(d, name, v, dst); f != nil || len(v.text) == 0 {
		return dst, f
	}
	return binary.LittleEndian.AppendUint32(dst, uint32(engine.HashHousehold(v.text))), nil
}

// readWord takes one of a few words.
func readWord(words ...string) valueReader {
	return func(_ *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
		for _, word := range words {
			if string(v.text) == word {
				return append(dst, word...), nil
			}
		}
		return dst, faultInvalid[name]
	}
}

// readCap takes how many may share a tube: 1 to 30, or household.
func readCap(_ *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	if string(v.text) == "household" {
		return append(dst, v.text...), nil
	}
	n := smallNumber(v.raw)
	if n < 1 || n > MaxCapacity {
		return dst, faultInvalid[name]
	}
	return append(dst, v.raw...), nil
}

func readCircle(_ *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	if n := smallNumber(v.raw); n < 1 || n > MaxCircle {
		return dst, faultInvalid[name]
	}
	return append(dst, v.raw...), nil
}

// smallNumber reads one or two digits without a zero in front; else -1.
func smallNumber(v []byte) int {
	if len(v) == 0 || len(v) > 2 || v[0] == '0' || !allDigits(v) {
		return -1
	}
	n := 0
	for _, c := range v {
		n = n*10 + int(c-'0')
	}
	return n
}

func readBoolean(_ *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	switch string(v.raw) {
	case "true":
		return append(dst, '1'), nil
	case "false":
		return append(dst, '0'), nil
	}
	return dst, faultInvalid[name]
}

func readAnyTime(d *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	at, f := d.times.readAny(v.text, name)
	if f != nil {
		return dst, f
	}
	return strconv.AppendUint(dst, uint64(at), 10), nil
}

func readPastTime(d *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	at, f := d.times.read(v.text, name)
	if f != nil {
		return dst, f
	}
	return strconv.AppendUint(dst, uint64(at), 10), nil
}

func readDuration(_ *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	seconds, ok := ParseDuration(v.text)
	if !ok {
		return dst, faultInvalid[name]
	}
	return strconv.AppendInt(dst, seconds, 10), nil
}

// ParseDuration reads "30m", "48h" or "5d", more than nothing and up to 31 days, as seconds.
func ParseDuration(text []byte) (seconds int64, ok bool) {
	if len(text) < 2 || len(text) > 6 || text[0] == '0' || !allDigits(text[:len(text)-1]) {
		return 0, false
	}
	for _, c := range text[:len(text)-1] {
		seconds = seconds*10 + int64(c-'0')
	}
	switch text[len(text)-1] {
	case 'm':
		seconds *= 60
	case 'h':
		seconds *= 60 * 60
	case 'd':
		seconds *= daySeconds
	default:
		return 0, false
	}
	return seconds, seconds <= MaxDurationSeconds
}

func readAreas(d *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	return d.list(name, v, dst, MaxRoundAreas, isArea)
}

func readGroups(d *Decoder, name field, v given, dst []byte) ([]byte, *fault) {
	return d.list(name, v, dst, MaxGroups, isName)
}

// list appends the elements of an array of strings with commas between.
func (d *Decoder) list(name field, v given, dst []byte, most int, good func([]byte) bool) ([]byte, *fault) {
	p := &d.inner
	p.in, p.i, p.out, p.keys = v.raw, 0, p.out[:0], p.keys[:0]
	if p.space() != '[' {
		return dst, faultInvalid[name]
	}
	p.i++
	for n := 0; p.space() != ']'; n++ {
		if n > 0 {
			p.i++ // comma
			dst = append(dst, ',')
		}
		if n == most || p.space() != '"' {
			return dst, faultInvalid[name]
		}
		s, _ := p.string()
		word := p.out[s.Off : s.Off+s.Len]
		if !good(word) {
			return dst, faultInvalid[name]
		}
		dst = append(dst, word...)
	}
	return dst, nil
}
