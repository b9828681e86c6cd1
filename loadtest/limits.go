package loadtest

import "time"

// Bounds of the load generator, each with its reason.
const (
	// peopleMax: beyond it, ordinals of derived tubes (tube × 16 + member) leave uint32.
	peopleMax = 1_000_000_000
	// batchMax is the largest batch the wire allows.
	batchMax = 100_000
	// connectionsMax: past it the generator's own goroutines distort the figures.
	connectionsMax = 4096
	// answerBytesMax bounds one answer: 10,000 statuses of at most 64 causes each.
	answerBytesMax = 256 << 20
	// statusPeopleMax is the largest number of people of one POST /v1/status.
	statusPeopleMax = 10_000
	// recollectionPage is the page size for reading open orders; the wire's largest.
	recollectionPage = 100_000
	// differencesShown is how many differences are printed; all are counted.
	differencesShown = 10
	// rejectsShown is how many rejected items are explained.
	rejectsShown = 5
	// requestTimeout: a server silent for so long is treated as gone.
	requestTimeout = 60 * time.Second
	// retryPause is the first pause after a broken connection; it doubles to retryPauseMax.
	retryPause    = 10 * time.Millisecond
	retryPauseMax = 500 * time.Millisecond
	// readyPoll is the pause between looks at /readyz of a starting server.
	readyPoll = 5 * time.Millisecond
	// stopTimeout is how long a server may take to stop on SIGTERM.
	stopTimeout = 120 * time.Second
)

// Facts of the field that the generator builds in.
const (
	tubeCapacity   = 10   // swabs of a mixed tube
	peoplePerSite  = 1300 // a city's site serves about so many a day
	sitesPerWard   = 16   // sites whose tubes one courier brings to one laboratory
	tubesPerPlate  = 96   // wells of a plate, one tube each
	windowSeconds  = 48 * 3600
	recollectSLA   = 6 * 3600
	zoneSeconds    = 8 * 3600
	morningShare   = 0.6 // of a site's people before noon
	derivedPerTube = 16  // numbers of derived tubes kept for one tube of the day
	labsMax        = 120 // beside that of disease control; more would leave uint8
)

const _ = uint(derivedPerTube - tubeCapacity - 1) // every member and one guest have a derived number
