package engine

// Seconds is an instant in whole seconds since 2000-01-01T00:00:00Z, up to the
// year 2136. Events before 2000 do not exist in this field, so zero means "none".
type Seconds uint32

// EpochUnix is the Unix time of Seconds(0).
const EpochUnix = 946684800

// FromUnix converts a Unix time in seconds.
//
// REQUIRES: EpochUnix < unix <= EpochUnix + MaxUint32; decoders refuse the rest.
func FromUnix(unix int64) Seconds { return Seconds(unix - EpochUnix) }

// Unix is the Unix time in seconds.
func (s Seconds) Unix() int64 { return int64(s) + EpochUnix }
