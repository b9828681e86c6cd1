package loadtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Yardsticks are what the machine itself can do in the minute of the measurement;
// figures of two machines, or of a machine in two moods, compare only beside them.
type Yardsticks struct {
	FsyncP50    float64 `json:"fsync_64k_p50_ms"`
	FsyncP99    float64 `json:"fsync_64k_p99_ms"`
	RandomLoad  float64 `json:"random_load_ns"`         // independent random loads over 1 GiB
	EmptyCPU    float64 `json:"empty_post_cpu_us_scan"` // server CPU for taking the same batches and doing nothing
	EmptyRate   float64 `json:"empty_post_scans_per_second"`
	EmptyOwnCPU float64 `json:"empty_post_generator_us_scan"`
}

const (
	fsyncRounds     = 200
	fsyncBytes      = 64 << 10
	randomLoadBytes = 1 << 30
	randomLoads     = 20_000_000
)

// measureFsync appends 64 KiB and syncs, again and again.
func measureFsync(dir string) (p50, p99 float64, err error) {
	f, err := os.Create(filepath.Join(dir, "fsync"))
	if err != nil {
		return 0, 0, fmt.Errorf("cannot measure fsync: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	block := make([]byte, fsyncBytes)
	took := make([]time.Duration, fsyncRounds)
	for i := range took {
		began := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, 0, fmt.Errorf("cannot measure fsync: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, 0, fmt.Errorf("cannot measure fsync: %w", err)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return ms(took[fsyncRounds/2]), ms(took[fsyncRounds*99/100]), nil
}

// measureRandomLoad is the time of one of many independent loads from 1 GiB, ns.
func measureRandomLoad() float64 {
	words := make([]uint64, randomLoadBytes/8)
	for i := range words {
		words[i] = uint64(i) // every page real
	}
	mask, sum, x := uint64(len(words)-1), uint64(0), uint64(88172645463325252)
	began := time.Now()
	for range randomLoads {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		sum += words[x&mask]
	}
	took := time.Since(began)
	if sum == 0 {
		panic("loadtest: BUG: the sum of random words is zero")
	}
	return float64(took.Nanoseconds()) / randomLoads
}
