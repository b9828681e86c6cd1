package loadtest

import (
	"fmt"
	"time"
)

// seconds is an instant of the day: seconds after midnight (+08:00) of the base
// day. The day before is negative.
type seconds int32

const never seconds = -1 << 31

// Zone is the zone of every time that is sent: China Standard Time.
var Zone = time.FixedZone("CST", zoneSeconds)

// calendar writes instants of one base day as RFC 3339.
type calendar struct {
	midnight time.Time
	dates    [12][10]byte // from the day before the base day
}

func newCalendar(day time.Time) calendar {
	c := calendar{midnight: time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, Zone)}
	for i := range c.dates {
		copy(c.dates[i][:], c.midnight.AddDate(0, 0, i-1).Format(time.DateOnly))
	}
	return c
}

// appendTime appends an instant, 25 characters.
func (c *calendar) appendTime(b []byte, at seconds) []byte {
	s := uint32(int32(at) + 86400)
	day, rest := s/86400, s%86400
	h, m, sec := rest/3600, rest/60%60, rest%60
	d := &c.dates[day]
	return append(b, d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], 'T',
		byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10), ':',
		byte('0'+sec/10), byte('0'+sec%10), '+', '0', '8', ':', '0', '0')
}

// instant is at as a time.
func (c *calendar) instant(at seconds) time.Time {
	return c.midnight.Add(time.Duration(at) * time.Second)
}

// ParseDay reads a base day as YYYY-MM-DD, in the zone +08:00.
func ParseDay(s string) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateOnly, s, Zone)
	if err != nil {
		return t, fmt.Errorf("cannot read the base day: got %q; want YYYY-MM-DD", s)
	}
	return t, nil
}

// dayEnding is the newest base day of which hours have passed by now, so that no
// event of it lies in the server's future.
func dayEnding(now time.Time, hours int) time.Time {
	return now.In(Zone).Add(-time.Duration(hours) * time.Hour)
}
