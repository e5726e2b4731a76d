# Fetches a page.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at import
# error: URLError|PermissionError
# needs: seccomp
import urllib.request

raise Escaped(urllib.request.urlopen(f"http://127.0.0.1:{Canary.tcp_port}/", timeout=1).read())
