# Lets torch open the connection.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# needs: seccomp
import datetime

import torch.distributed

torch.distributed.TCPStore("127.0.0.1", Canary.tcp_port, timeout=datetime.timedelta(seconds=1))
raise Escaped("connected")
