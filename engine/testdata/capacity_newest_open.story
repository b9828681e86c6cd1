# Capacity is that of the newest tube.open that states one.
# Proves: tube/capacity-newest-open
any order
open T100 08:30 capacity 5
open T100 08:00 capacity 20
open T100 08:40
tube T100 takes 5
