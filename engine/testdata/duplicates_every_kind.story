# The same is: type and required fields, times to the second. Another reason, another second or another lab is another event.
# Proves: event/sameness
transfer ada from T1 to T2 09:00 because spilt
transfer ada from T1 to T2 09:00 because spilt by station
duplicate
transfer ada from T1 to T2 09:00 because dropped
accepted
open T3 08:00 pool round R1
open T3 08:00 pool round R1 site S7
duplicate
open T3 08:00 pool round R2
accepted
void T3 09:00 because leaked
void T3 09:00 because leaked
duplicate
void T3 09:00 because empty
accepted
receive T4 by L1 09:00
receive T4 by L2 09:00
duplicate
reject T4 09:00
reject T4 09:00
duplicate
lost T4 09:00
lost T4 09:00
duplicate
lost T4 09:01
accepted
excuse ada from R1 09:00 because moved
excuse ada from R1 09:00 because moved
duplicate
excuse ada from R2 09:00 because moved
accepted
ack ada 09:00
ack ada 09:00
duplicate
unreachable ada 09:00
accepted
unreachable ada 09:00
duplicate
discharge ada 09:00 because recovered
discharge ada 09:00 because recovered
duplicate
discharge ada 09:00
accepted
merge ada into eva 09:00
late merge ada into eva 09:00
duplicate
merge eva into ada 09:00
accepted
unmerge ada from eva 09:00
accepted
unmerge ada from eva 09:00
duplicate
result T5 positive tested 09:00 reported 10:00 lab L1
result T5 positive tested 09:30 reported 10:00 lab L1 
duplicate
result T5 positive tested 09:00 reported 10:00 lab L2
accepted
result T5 positive tested 09:00 reported 10:00 lab L2 corrected
accepted
