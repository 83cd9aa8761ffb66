# SPDX-License-Identifier: EUPL-1.2
# Builds, runs, tests and installs welcomed; `make help` lists what there is.

# Knobs: make CC=clang, make SANITIZE=address,undefined, make install DESTDIR=... prefix=...
SANITIZE :=
FUZZ_SECONDS := 60
TARGETS  := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
SEEDS    := 30
BUILD    := build/$(if $(SANITIZE),sanitized,release)
DESTDIR  :=
prefix   := /usr/local

SOURCES  := $(wildcard src/*.c src/*/*.c)
EMBEDDED := $(wildcard openapi.yaml $(foreach kind,sql yaml html css js,src/*/*.$(kind)) migrations/*.sql migrations/*/*.sql content/texts/*.json content/mail/*.json)
TESTS    := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
FUZZERS  := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
OBJECTS  := $(SOURCES:src/%.c=$(BUILD)/%.o) $(BUILD)/embedded.o
PARTS     = $(filter-out $(BUILD)/main.o,$(OBJECTS))

LIBRARIES := libmicrohttpd libpq jansson yaml-0.1 icu-i18n icu-uc libsodium libxxhash libcurl libcmark libpcre2-8 zlib libical libmagic libturbojpeg libexif libpng libwebp libwebpmux libqpdf liboath librhonabwy libzip libsystemd
# Asked when first needed and then remembered: the same call of make may be about to install the libraries.
LIBRARY_CFLAGS = $(eval LIBRARY_CFLAGS := $(shell pkg-config --cflags $(LIBRARIES)))$(LIBRARY_CFLAGS)
LIBRARY_LIBS   = $(eval LIBRARY_LIBS := $(shell pkg-config --libs $(LIBRARIES)) -lm)$(LIBRARY_LIBS)

WARNINGS := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wformat=2 -Wconversion
HARDEN   := $(if $(SANITIZE),-O1 -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined,\
              -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
COMPILE   = $(CC) -std=gnu17 -g $(HARDEN) $(WARNINGS) -fPIE -pthread -Iinclude $(LIBRARY_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LINK      = $(CC) -g $(HARDEN) -pie -pthread -Wl,-z,relro,-z,now $(LDFLAGS)

all: $(BUILD)/welcomed ## build the release binary, build/release/welcomed

$(BUILD)/welcomed: $(OBJECTS)
	$(LINK) -o $@ $^ $(LIBRARY_LIBS)

$(BUILD)/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

# The version of the program is that of its contract.
VERSION := $(shell sed -n 's/^  version: //p' openapi.yaml)
$(BUILD)/core/version.o: openapi.yaml
$(BUILD)/core/version.o: CPPFLAGS += -DWELCOME_VERSION='"$(VERSION)"'

$(BUILD)/embedded.o: $(BUILD)/embedded.S $(EMBEDDED)
	$(CC) -c -o $@ $<

$(BUILD)/embedded.S: FORCE | $(BUILD)/flags
	@src/operation/embed.sh $@ $(EMBEDDED)

# Rewritten only when the compiler or its flags change: then everything is compiled anew.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' > $@

$(BUILD)/tests/%: tests/unit/%.c $(PARTS)
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -MF $@.d -o $@ $< $(PARTS) -pie $(LIBRARY_LIBS) -lcmocka

$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(PARTS)
	$(COMPILE) -MMD -MP -MF $@.d -fsanitize=fuzzer -o $@ $< $(PARTS) -pie $(LIBRARY_LIBS)

# A daemon of tests/invented: its contract, statements and C instead of ours, the rest the same.
INVENTED       := $(BUILD)/invented
INVENTED_FILES := $(shell find tests/invented -name '*.sql' -o -name '*.yaml')

$(INVENTED)/welcomed: $(INVENTED)/codes.o $(INVENTED)/embedded.o $(filter-out $(BUILD)/operation/codes.o $(BUILD)/embedded.o,$(OBJECTS))
	$(LINK) -o $@ $^ $(LIBRARY_LIBS)

$(INVENTED)/codes.o: tests/invented/codes.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

$(INVENTED)/embedded.o: $(INVENTED_FILES) $(EMBEDDED)
	@rm -rf $(INVENTED)/tree && mkdir -p $(INVENTED)/tree
	@cp -r migrations content tests/invented/openapi.yaml tests/invented/src $(INVENTED)/tree
	cd $(INVENTED)/tree && $(CURDIR)/src/operation/embed.sh ../embedded.S \
	    $$(find openapi.yaml src migrations content/texts content/mail -name '*.yaml' -o -name '*.sql' -o -name '*.json') && \
	    $(CC) -c -o ../embedded.o ../embedded.S

# What measures the matching; LEMON's headers warn about themselves.
$(BUILD)/bench/simulation: $(wildcard bench/simulation/*.[ch]) $(PARTS)
	@mkdir -p $(@D)
	$(COMPILE) -Ibench/simulation -o $@ $(filter %.c %.o,$^) -pie $(LIBRARY_LIBS)

$(BUILD)/bench/matching_time: bench/matching_time.c $(PARTS)
	@mkdir -p $(@D)
	$(COMPILE) -o $@ $^ -pie $(LIBRARY_LIBS)

$(BUILD)/bench/lemon_oracle: tests/matching/lemon_oracle.cc
	@mkdir -p $(@D)
	$(CXX) -O2 -w -o $@ $<

unit-tests: $(TESTS) $(INVENTED)/welcomed
fuzzers: $(FUZZERS)

run: ## install what is missing, build, start PostgreSQL and serve on PORT (8080), admin on ADMIN_PORT (9080), data in LOCAL (.local)
	@setpriv --pdeathsig TERM src/operation/run.sh
test: ## the whole suite against a sanitized build and a PostgreSQL of its own; ARGS='-k name' goes to pytest
	@setpriv --pdeathsig TERM tests/with-cluster.sh tests/run.sh $(ARGS)
test-system: ## the release build installed, packaged, watched and in a browser; needs more packages, ARGS as above; SUITE=trixie: on that release
	@setpriv --pdeathsig TERM tests/system/run.sh $(ARGS)
test-contract: ## schemathesis against a running daemon (from PyPI, in build/)
	@setpriv --pdeathsig TERM tests/with-cluster.sh tests/contract/run-schemathesis.sh
lint: ## what the compilers, shellcheck, pyflakes and our own rules say
	@tests/lint.sh
bench: all ## one table: CPU per request, memory and start against limits; ARGS='3 2 content': 3 rounds of 2 s of another part
	@src/operation/packages.sh bench
	@setpriv --pdeathsig TERM src/operation/with-cluster.sh bench/run.sh $(ARGS)
bench-matching: ## the matching: what a round costs, and SEEDS (30) simulated years of all policies
	@src/operation/packages.sh bench
	$(MAKE) $(addprefix $(BUILD)/bench/,simulation matching_time lemon_oracle)
	@bench/matching.sh $(BUILD)/bench $(SEEDS)
fuzzers-built:
	@src/operation/packages.sh fuzz
	$(MAKE) -s -j "$$(nproc)" CC=clang SANITIZE=fuzzer-no-link,address,undefined BUILD=build/fuzz fuzzers
fuzz: fuzzers-built ## each fuzz target (or TARGETS='fuzz_tree') for FUZZ_SECONDS (60), from what earlier runs found
	@setpriv --pdeathsig TERM tests/fuzz/run.sh $(FUZZ_SECONDS) on $(TARGETS)
test-fuzz: fuzzers-built ## the kept inputs of each fuzz target again, and a few seconds of new ones
	@setpriv --pdeathsig TERM tests/fuzz/run.sh 4 ci $(TARGETS)
swagger-ui: ## bring swagger-ui, which /docs shows the contract with, to build/swagger-ui: from npm, by version and hash
	@src/operation/npm-package.sh swagger-ui-dist 5.35.0 \
	    U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ== \
	    build/swagger-ui swagger-ui.css swagger-ui-bundle.js LICENSE NOTICE
docs: all ## write docs/configuration.md from the table in src/core/config.c
	$(BUILD)/welcomed config > docs/configuration.md
packages: ## install the distribution's packages that building and running need
	@src/operation/packages.sh run

# What is installed, below $(DESTDIR); files with paths in them name the place they will have.
bindir  := $(prefix)/bin
datadir := $(prefix)/share/welcomed
docdir  := $(prefix)/share/doc/welcomed
mandir  := $(prefix)/share/man
unitdir := $(prefix)/lib/systemd/system
PLACE    = sed -e 's|@bindir@|$(bindir)|g' -e 's|@datadir@|$(datadir)|g' -e 's|@docdir@|$(docdir)|g'

install: all ## copy program, data, units and manual below $(DESTDIR)$(prefix); /etc/welcomed/welcomed.conf if there is none
	install -D -m 755 $(BUILD)/welcomed $(DESTDIR)$(bindir)/welcomed
	install -d $(addprefix $(DESTDIR),$(datadir) $(docdir) $(mandir)/man5 $(mandir)/man8 $(unitdir) $(prefix)/lib/sysusers.d /etc/welcomed)
	install -m 644 migrations/roles.sql $(DESTDIR)$(datadir)/roles.sql
	install -m 755 packaging/backup.sh $(DESTDIR)$(datadir)/backup.sh
	[ ! -d build/swagger-ui ] || install -D -m 644 -t $(DESTDIR)$(datadir)/swagger-ui build/swagger-ui/*
	cd content && find . -type f -exec install -D -m 644 {} $(abspath $(DESTDIR)$(datadir))/content/{} \;
	install -m 644 README.md ARCHITECTURE.md SECURITY.md LICENSE docs/*.md $(DESTDIR)$(docdir)
	set -e; for folder in monitoring high-availability; do install -D -m 644 -t $(DESTDIR)$(docdir)/$$folder docs/$$folder/*; done
	sed 's/server daemon:/server 127.0.0.1:/' docker/nginx.conf > $(DESTDIR)$(docdir)/nginx.conf
	install -m 644 packaging/sysusers.conf $(DESTDIR)$(prefix)/lib/sysusers.d/welcomed.conf
	set -e; for unit in packaging/systemd/*; do $(PLACE) $$unit > $(DESTDIR)$(unitdir)/$${unit##*/}; done
	$(PLACE) packaging/welcomed.8 > $(DESTDIR)$(mandir)/man8/welcomed.8
	$(BUILD)/welcomed config | awk -f packaging/conf-page.awk > $(DESTDIR)$(mandir)/man5/welcomed.conf.5
	[ -e $(DESTDIR)/etc/welcomed/welcomed.conf ] || $(PLACE) packaging/welcomed.conf | install -m 640 /dev/stdin $(DESTDIR)/etc/welcomed/welcomed.conf

uninstall: ## remove what install copied; /etc/welcomed and /var/lib/welcomed stay
	rm -rf $(addprefix $(DESTDIR),$(bindir)/welcomed $(datadir) $(docdir) $(mandir)/man8/welcomed.8 $(mandir)/man5/welcomed.conf.5 \
	    $(prefix)/lib/sysusers.d/welcomed.conf $(addprefix $(unitdir)/,$(notdir $(wildcard packaging/systemd/*))))

deb: ## build a Debian package of this version, build/welcomed_*.deb
	@packaging/deb.sh

clean: ## remove what was built; data in .local stays
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 15

flags: # how one file is compiled, for tests/lint.sh
	@echo '$(COMPILE)'

FORCE:
.PHONY: all unit-tests fuzzers fuzzers-built run test test-system test-contract lint bench bench-matching fuzz test-fuzz swagger-ui docs packages install uninstall deb clean help flags FORCE
.DELETE_ON_ERROR:
.SECONDARY:
-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d)
