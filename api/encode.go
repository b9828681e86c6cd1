package api

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"poolwise/engine"
)

// appendString appends a JSON string.
func appendString[T ~string | ~[]byte](dst []byte, s T) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, _ := json.Marshal(string(s)) // a string always marshals
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// appendWord appends a string of letters, digits and dashes.
func appendWord(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// appendWordOrNull appends null for an empty word.
func appendWordOrNull(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return appendWord(dst, s)
}

func appendUint(dst []byte, v uint64) []byte { return strconv.AppendUint(dst, v, 10) }

// zone writes times with its offset. A fixed offset takes 12 ns a time, a zone with
// summer time goes through package time.
type zone struct {
	location *time.Location
	fixed    bool
	offset   int64
	suffix   string // "+08:00"
}

// newZone looks whether the location ever leaves its offset.
func newZone(location *time.Location) zone {
	first := time.Unix(engine.EpochUnix, 0).In(location)
	_, offset := first.Zone()
	z := zone{location: location, fixed: true, offset: int64(offset), suffix: first.Format("Z07:00")}
	for month := range 12 * 130 {
		if _, o := first.AddDate(0, month, 0).Zone(); o != offset {
			z.fixed = false
		}
	}
	return z
}

// appendTime appends a quoted RFC 3339 time, null for none.
func (z *zone) appendTime(dst []byte, t engine.Seconds) []byte {
	if t == 0 {
		return append(dst, "null"...)
	}
	return z.appendUnix(dst, t.Unix())
}

func (z *zone) appendUnix(dst []byte, unix int64) []byte {
	dst = append(dst, '"')
	if !z.fixed {
		dst = time.Unix(unix, 0).In(z.location).AppendFormat(dst, time.RFC3339)
		return append(dst, '"')
	}
	local := unix + z.offset
	day, second := local/86400, int(local%86400)
	// Days to civil date, by eras of 400 years that begin in March (after Hinnant).
	d := day + 719468
	era := d / 146097
	doe := d - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	date := int(doy - (153*mp+2)/5 + 1)
	month := int(mp + 3)
	year := int(yoe + era*400)
	if month > 12 {
		month, year = month-12, year+1
	}
	dst = append(dst, byte('0'+year/1000%10), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-',
		byte('0'+month/10), byte('0'+month%10), '-', byte('0'+date/10), byte('0'+date%10), 'T')
	hour, minute := second/3600, second/60%60
	second %= 60
	dst = append(dst, byte('0'+hour/10), byte('0'+hour%10), ':', byte('0'+minute/10), byte('0'+minute%10), ':',
		byte('0'+second/10), byte('0'+second%10))
	dst = append(dst, z.suffix...)
	return append(dst, '"')
}
