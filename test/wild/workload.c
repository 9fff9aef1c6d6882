// SPDX-License-Identifier: MIT
// A random workload on guest_memfd, and what /proc/kpageflags says of its pages around markers: see record.sh.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sched.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <sys/wait.h>
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#define MADV_COLD 20
#endif
struct cg { uint64_t size, flags, r[6]; };
#define PAGES 64
static int kpf, pmap, mark, gm[2];
static unsigned char *m[2];
static uint64_t pfn[2][PAGES];
static void pin(int c){ cpu_set_t s; CPU_ZERO(&s); CPU_SET(c,&s); sched_setaffinity(0,sizeof s,&s); }
static uint64_t pfnof(void*p){ uint64_t v=0; pread(pmap,&v,8,((uintptr_t)p>>12)*8); return v>>63 ? v & ((1ULL<<55)-1) : 0; }
static uint64_t flags(uint64_t f){ uint64_t v=0; pread(kpf,&v,8,f*8); return v; }
static int live[2][PAGES], vms, reading; static const char*prefix="";
/* A marker, and what the kernel says of each page before and after it: what differs is told of no page. */
static void read_all(void){ static uint64_t b[2][PAGES], c[2][PAGES]; char t[32]; int l=snprintf(t,32,"%sr%d",prefix,reading++);
  for(int w=0;w<vms;w++)for(int i=0;i<PAGES;i++) if(live[w][i]) b[w][i]=flags(pfn[w][i]);
  write(mark,t,l);
  for(int w=0;w<vms;w++)for(int i=0;i<PAGES;i++) if(live[w][i]) c[w][i]=flags(pfn[w][i]);
  for(int w=0;w<vms;w++){ struct stat sb; fstat(gm[w],&sb); printf("{\"marker\":\"%s\",\"ino\":%lu,\"pages\":[",t,(unsigned long)sb.st_ino); int f=1;
    for(int i=0;i<PAGES;i++) if(live[w][i]&&((b[w][i]^c[w][i])&(1<<5))==0){ printf("%s{\"index\":%d,\"pfn\":%lu,\"lru\":%d}",f?"":",",i,(unsigned long)pfn[w][i],(int)((c[w][i]>>5)&1)); f=0; }
    printf("]}\n"); } }
static void online(const char*v){ int f=open("/sys/devices/system/cpu/cpu1/online",O_WRONLY); write(f,v,1); close(f); }
/* CPU 1 leaves and comes back; CPU 0 reads all the while. */
static void hotplug(void){ pin(0); fflush(stdout); pid_t child=fork(); if(child==0){ online("0"); _exit(0); }
  for(int n=0;n<12&&waitpid(child,0,WNOHANG)==0;n++){ read_all(); usleep(1500); }
  waitpid(child,0,0); read_all(); online("1"); read_all(); }
int main(int argc,char**argv){
  unsigned seed=atoi(argv[1]); const char*tm=argv[2]; int late=atoi(argv[3]); const char*on=argv[4]; vms=1+(seed%3==0); int hot=argc>5&&atoi(argv[5]); if(argc>6) prefix=argv[6];
  srandom(seed); int kvm=open("/dev/kvm",O_RDWR); kpf=open("/proc/kpageflags",O_RDONLY); pmap=open("/proc/self/pagemap",O_RDONLY); mark=open(tm,O_WRONLY);
  int onfd=open(on,O_WRONLY);
  if(!late) write(onfd,"1",1);
  pin(0);
  for(int v=0;v<vms;v++){ int vm=ioctl(kvm,0xAE01,0); struct cg c={.size=PAGES*4096,.flags=3}; gm[v]=ioctl(vm,0xc040aed4UL,&c); if(gm[v]<0){perror("gmem");return 2;}
    m[v]=mmap(0,PAGES*4096,PROT_READ|PROT_WRITE,MAP_SHARED,gm[v],0); if(m[v]==MAP_FAILED){perror("mmap");return 2;} }
  int steps=60+random()%60, cpu=0, toggles=0;
  for(int s=0;s<steps;s++){
    if(late && s==steps/3){ write(onfd,"1",1); }
    int v=random()%vms, a=random()%PAGES, n=1+random()%12; if(a+n>PAGES)n=PAGES-a;
    switch(random()%(hot?14:12)){
      case 0: case 1: case 2: case 3: cpu=random()%2; pin(cpu); for(int i=a;i<a+n;i++){ m[v][i*4096]=1; live[v][i]=1; pfn[v][i]=pfnof(m[v]+i*4096);} break;
      case 4: fallocate(gm[v],3,(off_t)a*4096,(off_t)n*4096); for(int i=a;i<a+n;i++) live[v][i]=0; break;
      case 5: madvise(m[v]+a*4096,n*4096,MADV_PAGEOUT); break;
      case 6: madvise(m[v]+a*4096,n*4096,MADV_COLD); break;
      case 7: { void*p[16]; int st[16],nd[16]; int k=n>16?16:n; for(int i=0;i<k;i++){p[i]=m[v]+(a+i)*4096;nd[i]=0;} syscall(SYS_move_pages,0,(long)k,p,nd,st,2); break; }
      case 8: posix_fadvise(gm[v],a*4096,n*4096,POSIX_FADV_DONTNEED); break;
      case 9: { int d=open("/proc/sys/vm/drop_caches",O_WRONLY); if(random()%4==0) write(d,"1",1); close(d); break; }
      case 10: cpu=random()%2; pin(cpu); { int k=4096*(1+random()%64); char*x=mmap(0,k,PROT_READ|PROT_WRITE,MAP_PRIVATE|MAP_ANONYMOUS,-1,0); memset(x,1,k); munmap(x,k);} break;
      case 11: usleep(random()%3000); break;
      case 12: case 13: if(toggles++<3) hotplug(); break;
    }
    if(random()%3==0) read_all();
  }
  write(onfd,"0",1);
  return 0; }
