# Acceptance 13: one bad item loses none of the others. (Ten thousand of them, and capped details: proved where batches are answered.)
# Proves: acceptance/13
open T100 08:00 capacity 2
scan T100 ada 08:01
scan T100 ben 08:02
scan T100 cem 08:03
refused tube_full
scan T200 dan 08:01
accepted
tube T100 holds ada ben
dan sampled
