# What GNU make knows before it reads a makefile, as far as a recipe of it may run a program that
# a variable names.
AR = ar
ARFLAGS = rv
AS = as
CC = cc
CXX = g++
CPP = $(CC) -E
FC = f77
LD = ld
LEX = lex
YACC = yacc
TEX = tex
MAKEINFO = makeinfo
MAKE_COMMAND := make
RM = rm -f
OUTPUT_OPTION = -o $@
COMPILE.c = $(CC) $(CFLAGS) $(CPPFLAGS) $(TARGET_ARCH) -c
COMPILE.cc = $(CXX) $(CXXFLAGS) $(CPPFLAGS) $(TARGET_ARCH) -c
COMPILE.C = $(COMPILE.cc)
COMPILE.cpp = $(COMPILE.cc)
COMPILE.f = $(FC) $(FFLAGS) $(TARGET_ARCH) -c
COMPILE.s = $(AS) $(ASFLAGS) $(TARGET_MACH)
COMPILE.S = $(CC) $(ASFLAGS) $(CPPFLAGS) $(TARGET_MACH) -c
LINK.o = $(CC) $(LDFLAGS) $(TARGET_ARCH)
LINK.c = $(CC) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) $(TARGET_ARCH)
LINK.cc = $(CXX) $(CXXFLAGS) $(CPPFLAGS) $(LDFLAGS) $(TARGET_ARCH)
LINK.C = $(LINK.cc)
LINK.cpp = $(LINK.cc)
LINK.f = $(FC) $(FFLAGS) $(LDFLAGS) $(TARGET_ARCH)
LEX.l = $(LEX) $(LFLAGS) -t
YACC.y = $(YACC) $(YFLAGS)

%.o: %.c
	$(COMPILE.c) $(OUTPUT_OPTION) $<
%.o: %.cc
	$(COMPILE.cc) $(OUTPUT_OPTION) $<
%.o: %.C
	$(COMPILE.C) $(OUTPUT_OPTION) $<
%.o: %.cpp
	$(COMPILE.cpp) $(OUTPUT_OPTION) $<
%.o: %.f
	$(COMPILE.f) $(OUTPUT_OPTION) $<
%.o: %.s
	$(COMPILE.s) -o $@ $<
%.o: %.S
	$(COMPILE.S) -o $@ $<
%.c: %.y
	$(YACC.y) $<
%.c: %.l
	$(LEX.l) $< > $@
%: %.o
	$(LINK.o) $^ $(LOADLIBES) $(LDLIBS) -o $@
%: %.c
	$(LINK.c) $^ $(LOADLIBES) $(LDLIBS) -o $@
%: %.cc
	$(LINK.cc) $^ $(LOADLIBES) $(LDLIBS) -o $@
%: %.C
	$(LINK.C) $^ $(LOADLIBES) $(LDLIBS) -o $@
%: %.cpp
	$(LINK.cpp) $^ $(LOADLIBES) $(LDLIBS) -o $@
%: %.f
	$(LINK.f) $^ $(LOADLIBES) $(LDLIBS) -o $@
%: %.sh
	cat $< >$@
	chmod a+x $@
