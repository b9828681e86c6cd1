package engine

// Bounds of what lies in Pages.
const (
	// HotDaysDefault: rounds come every day or every other, results within hours,
	// corrections within days. A city of 26 million takes 0.6 GB for a day of its tests.
	HotDaysDefault = 7

	// FetchedPagesDefault is 256 MiB. A correction of an old tube brings nine pages for the
	// tube and a few for its people, and tubes of one day share most of theirs.
	FetchedPagesDefault = 4096

	// needsRounds bounds how far a prefetch follows chains, a page of each a round; what is
	// farther off is fetched when the rules come upon it.
	needsRounds = 64

	// needsSlice is how many items a prefetch looks at under one lock, some 30 µs.
	needsSlice = 128

	// needsJobPages is how many pages one job fetches, one after the other.
	needsJobPages = 16
)
