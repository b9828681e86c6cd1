# Receiving a tube is custody: it changes nobody's state.
# Proves: custody/receive
any order
scan T100 ada 08:01
receive T100 by L1 10:00
ada sampled
ada since 08:01
tube T100 received
no order ada
