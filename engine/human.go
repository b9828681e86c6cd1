package engine

// A human is one identity, or several that person.merge joins.

// root is the identity that stands for the human: orders name it, coverage counts it.
func (p *people) root(who PersonOrdinal) PersonOrdinal { return who }

// identities calls do for each identity of the human, who among them.
func (p *people) identities(who PersonOrdinal, do func(PersonOrdinal)) { do(who) }
