package loadtest

import (
	"fmt"
	"strconv"
	"strings"
)

// readMetrics fetches /metrics: value by name with labels, as it is written there.
func readMetrics(addr string) (map[string]float64, error) {
	client := newClient(addr)
	defer client.close()
	a, err := client.get("/metrics")
	if err != nil {
		return nil, fmt.Errorf("cannot read the metrics: %w", err)
	}
	if a.status != 200 {
		return nil, fmt.Errorf("cannot read the metrics: got status %d; want 200", a.status)
	}
	values := map[string]float64{}
	for line := range strings.Lines(string(a.body)) {
		line = strings.TrimSpace(line)
		cut := strings.LastIndexByte(line, ' ')
		if cut < 0 || line[0] == '#' {
			continue
		}
		if v, err := strconv.ParseFloat(line[cut+1:], 64); err == nil {
			values[strings.TrimSpace(line[:cut])] = v
		}
	}
	return values, nil
}

// engineBytes picks the engine's own account of its memory, by part.
func engineBytes(metrics map[string]float64) map[string]float64 {
	parts := map[string]float64{}
	for name, v := range metrics {
		if rest, ok := strings.CutPrefix(name, `poolwise_engine_bytes{part="`); ok {
			parts[strings.TrimSuffix(rest, `"}`)] = v
		}
	}
	return parts
}
