# Starts real servers on loopback, in a temporary folder: nginx, apache2, vsftpd, squid and a small Python server.
# To be sourced. Sets a variable with the URL of each server that is installed (HTTP, HTTPS, MUTUAL, DIGEST, FTP,
# PROXY, PROXY_AUTH, PROXY_DIGEST, FORMS, PLAIN), and WORK, the folder with keys and passwords.
# Needs bash, openssl and python3. The servers stop when the shell ends.

WORK=$(mktemp -d "${TMPDIR:-/tmp}/hsum-servers.XXXXXX")
chmod 755 "$WORK"
PATH=$PATH:/usr/sbin:/sbin
started=()
HTTP='' HTTPS='' MUTUAL='' DIGEST='' FTP='' FTPS='' PROXY='' PROXY_AUTH='' PROXY_DIGEST='' FORMS='' PLAIN=''

stop_servers() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null; done
    for pid in "${started[@]}"; do wait "$pid" 2>/dev/null; done
    rm -rf "$WORK"
}
trap stop_servers EXIT
trap 'exit 130' INT TERM HUP

has() { command -v "$1" >/dev/null; }

free_ports() {
    python3 - "$1" <<'PY'
import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
ports = [s.getsockname()[1] for s in held]
# Free the ports before they are printed.
for s in held:
    s.close()
print(*ports)
PY
}

# NAME PORT COMMAND...: starts a server, and waits until its port answers.
serve() {
    local name=$1 port=$2 tries
    shift 2
    "$@" >"$WORK/$name.out" 2>&1 &
    started+=($!)
    for tries in {1..100}; do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return 0
        sleep 0.1
    done
    echo "$name does not answer:" >&2
    cat "$WORK/$name".* >&2
    return 1
}

make_certificates() (
    cd "$WORK" || exit
    new() { openssl req -quiet -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "$@" 2>/dev/null \
        || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "$@" 2>/dev/null; }
    signed() {
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1-key.pem" -subj "/CN=$1" -out "$1.csr" 2>/dev/null
        printf '%s\n' "$2" >"$1.ext"
        openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
    }
    new -keyout ca-key.pem -out ca.pem -subj '/CN=A private CA' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
    signed server $'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE'
    signed client $'extendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE'
    chmod 644 server-key.pem client-key.pem
    cat server-key.pem server.pem >server-both.pem
)

# One file, larger than any buffer.
make_files() {
    mkdir -p "$WORK/files/basic" "$WORK/files/digest"
    openssl rand 3000000 >"$WORK/files/a.iso"
    for folder in basic digest; do cp "$WORK/files/a.iso" "$WORK/files/$folder/"; done
    (cd "$WORK/files" && sha256sum a.iso >SHA256SUMS)
    (cd "$WORK/files/basic" && sha256sum a.iso >SHA256SUMS)
    printf 'alice:%s\n' "$(openssl passwd -apr1 opensesame)" >"$WORK/passwords"
    printf 'alice:files:%s\n' "$(printf 'alice:files:opensesame' | openssl dgst -md5 -r | cut -d' ' -f1)" >"$WORK/digests"
    chmod -R a+rX "$WORK/files" "$WORK/passwords" "$WORK/digests"
}

start_nginx() {
    has nginx || { echo 'skipped: no nginx'; return; }
    local plain tls mutual
    read -r plain tls mutual < <(free_ports 3)
    mkdir -p "$WORK/nginx"
    cat >"$WORK/nginx.conf" <<CONF
daemon off;
master_process off;
pid $WORK/nginx/pid;
error_log $WORK/nginx.err;
events {}
http {
    access_log off;
    default_type application/octet-stream;
    client_body_temp_path $WORK/nginx/1;
    proxy_temp_path $WORK/nginx/2;
    fastcgi_temp_path $WORK/nginx/3;
    uwsgi_temp_path $WORK/nginx/4;
    scgi_temp_path $WORK/nginx/5;
    ssl_certificate $WORK/server.pem;
    ssl_certificate_key $WORK/server-key.pem;
    root $WORK/files;
    server {
        listen 127.0.0.1:$plain;
        listen 127.0.0.1:$tls ssl;
        location /basic/ { auth_basic files; auth_basic_user_file $WORK/passwords; }
        location /slow/ { alias $WORK/files/; limit_rate 500k; }
    }
    server {
        listen 127.0.0.1:$mutual ssl;
        ssl_client_certificate $WORK/ca.pem;
        ssl_verify_client optional;
        if (\$ssl_client_verify != SUCCESS) { return 403; }
    }
}
CONF
    # As root, nginx would look for a user of its own.
    serve nginx "$plain" nginx -e "$WORK/nginx.err" -c "$WORK/nginx.conf" -g "$( ((EUID)) || echo 'user root;')" || return
    HTTP=http://127.0.0.1:$plain HTTPS=https://127.0.0.1:$tls MUTUAL=https://127.0.0.1:$mutual
}

start_apache() {
    has apache2 || { echo 'skipped: no apache2'; return; }
    local port modules=/usr/lib/apache2/modules
    read -r port < <(free_ports 1)
    mkdir -p "$WORK/apache"
    {
        for module in mpm_event authn_core authn_file authz_core authz_user auth_digest; do
            echo "LoadModule ${module}_module $modules/mod_$module.so"
        done
        ((EUID)) || printf 'User www-data\nGroup www-data\n'
        cat <<CONF
Listen 127.0.0.1:$port
ServerName localhost
PidFile $WORK/apache/pid
ErrorLog $WORK/apache.err
Mutex file:$WORK/apache default
DefaultRuntimeDir $WORK/apache
DocumentRoot $WORK/files
<Location /digest/>
    AuthType Digest
    AuthName files
    AuthDigestProvider file
    AuthUserFile $WORK/digests
    Require valid-user
</Location>
CONF
    } >"$WORK/apache.conf"
    serve apache "$port" apache2 -X -d "$WORK/apache" -f "$WORK/apache.conf" || return
    DIGEST=http://127.0.0.1:$port
}

start_vsftpd() {
    has vsftpd || { echo 'skipped: no vsftpd'; return; }
    local port
    read -r port < <(free_ports 1)
    cat >"$WORK/vsftpd.conf" <<CONF
listen=YES
listen_address=127.0.0.1
listen_port=$port
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_root=$WORK/files
run_as_launching_user=YES
seccomp_sandbox=NO
ssl_enable=YES
allow_anon_ssl=YES
rsa_cert_file=$WORK/server-both.pem
require_ssl_reuse=NO
ssl_ciphers=HIGH
CONF
    serve vsftpd "$port" vsftpd "$WORK/vsftpd.conf" || return
    FTP=ftp://127.0.0.1:$port FTPS=ftps://127.0.0.1:$port
}

start_squid() {
    has squid || { echo 'skipped: no squid'; return; }
    local open closed digest helpers=/usr/lib/squid
    read -r open closed digest < <(free_ports 3)
    mkdir -p "$WORK/squid"
    ((EUID)) || chown proxy "$WORK/squid"
    cat >"$WORK/squid.conf" <<CONF
http_port 127.0.0.1:$open name=open
http_port 127.0.0.1:$closed name=closed
http_port 127.0.0.1:$digest name=digest
auth_param basic program $helpers/basic_ncsa_auth $WORK/passwords
auth_param basic children 1
auth_param digest program $helpers/digest_file_auth -c $WORK/digests
auth_param digest children 1
auth_param digest realm files
acl open myportname open
acl digest myportname digest
auth_schemes digest digest
auth_schemes basic all
acl known proxy_auth REQUIRED
http_access allow open
http_access allow known
http_access deny all
cache deny all
cache_mem 1 MB
access_log stdio:$WORK/squid/access
cache_log $WORK/squid/log
pid_filename $WORK/squid/pid
coredump_dir $WORK/squid
pinger_enable off
netdb_filename none
shutdown_lifetime 0 seconds
max_filedescriptors 256
visible_hostname localhost
CONF
    serve squid "$open" squid -N -f "$WORK/squid.conf" || return
    PROXY=http://127.0.0.1:$open PROXY_AUTH=http://127.0.0.1:$closed PROXY_DIGEST=http://127.0.0.1:$digest
}

start_python() {
    local forms plain
    read -r forms plain < <(free_ports 2)
    serve forms "$forms" python3 "$(dirname "${BASH_SOURCE[0]}")/forms.py" "$forms" "$WORK/files" || return
    serve plain "$plain" python3 -m http.server --bind 127.0.0.1 --directory "$WORK/files" "$plain" || return
    FORMS=http://127.0.0.1:$forms PLAIN=http://127.0.0.1:$plain
}

start_servers() {
    make_certificates && make_files && start_nginx && start_apache && start_vsftpd && start_squid && start_python
}
