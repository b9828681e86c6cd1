//go:build race

package engine_test

// raceDetector tells that allocations are counted by the detector too.
const raceDetector = true
