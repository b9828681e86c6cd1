package engine

// Bounds of the lists that readers ask for: each says how long the writer may have to wait
// for one of them, or how much one question may cost.
const (
	// historyTests is how many tests of a human a history looks at, and how many notes:
	// a swab a day for 180 years. Of more the oldest are not told.
	historyTests = 1 << 16

	// historyCut tests of a chain are looked at under one lock, each a cache miss: 100 µs.
	historyCut = 512

	// historyPage tests are told under one lock, and no more once their tubes had
	// historyResultsCut results together: some 200 µs.
	historyPage       = 64
	historyResultsCut = 4096

	// historyResults is how many results of one tube are told: those that stand, then the latest.
	// No tube has ever had ten; whoever wants all asks for the tube.
	historyResults = 100

	// historyClosers is how many later tests are looked at for the one that closed a cause:
	// nearly always it is the next.
	historyClosers = 4096

	// historyTries is how often a history begins again because its human changed meanwhile.
	historyTries = 32

	// ordersCut orders, 32 bytes each, are looked at under one lock for those of a human: 10 µs.
	ordersCut = 4096

	// warmRounds is how many pages of a chain a reader follows ahead of the lock; what is
	// farther off is fetched under it.
	warmRounds = 4096

	// peopleCold is how many people's cold pages are fetched at once: within FetchedPagesDefault.
	peopleCold = 512

	// tubesCut headers, a page of them, are looked at under one lock: 10 µs.
	tubesCut = 2048

	// tubesPage tubes are told, or asked for their laboratories, under one lock: 100 µs.
	tubesPage = 32

	// tubesLook headers are the most that one request looks at, 10 ms; a city of a million
	// fills as many in ten days. Of these tubesAsk may be looked at more closely, 20 ms, for
	// what a header does not tell.
	tubesLook = 1 << 20
	tubesAsk  = 1 << 16
)
