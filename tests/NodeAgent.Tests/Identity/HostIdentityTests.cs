using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kilonova.Kubernetes.Config;
using Kilonova.NodeAgent.Identity;
using Kilonova.NodeAgent.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kilonova.NodeAgent.Tests.Identity;

public sealed class HostIdentityTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromDays(7);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(8);
    private readonly TemporaryDirectory directory = new();
    private readonly StateDirectory state;

    public HostIdentityTests() => state = new StateDirectory(directory.Path);

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task The_first_certificate_is_asked_for_once_and_kept()
    {
        using var authority = new Authority();
        await Identity(authority, Long).EstablishAsync(TestContext.Current.CancellationToken);
        await Identity(authority, Long).EstablishAsync(TestContext.Current.CancellationToken);
        var asked = Assert.Single(authority.Asked);
        Assert.True(asked.AsBootstrap);
        Assert.Equal("O=kilonova:hosts, CN=kilonova:host:node-a", asked.Subject);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(HostIdentity.FileIn(state)));

        // What the client reads from it: both from the one file.
        var own = HostIdentity.Own(new KubernetesConfig { Server = new Uri("https://api:6443"), Token = "bootstrap" }, state);
        own.Validate();
        Assert.Null(own.Token);
        using var used = X509Certificate2.CreateFromPem(own.ClientCertificate!.Read(), own.ClientKey!.Read());
        Assert.Equal("kilonova:host:node-a", used.GetNameInfo(X509NameType.SimpleName, false));
    }

    [Fact]
    public async Task It_is_renewed_with_itself_after_two_thirds_of_its_life_with_another_key()
    {
        using var authority = new Authority();
        var identity = Identity(authority, Short);
        await identity.EstablishAsync(TestContext.Current.CancellationToken);
        var first = await File.ReadAllTextAsync(HostIdentity.FileIn(state), TestContext.Current.CancellationToken);
        await RunUntilAsync(identity, () => authority.Asked.Count >= 2 && File.ReadAllText(HostIdentity.FileIn(state)) != first);
        var asked = authority.Asked.ToArray();
        Assert.All(asked[1..], a => Assert.False(a.AsBootstrap));
        Assert.InRange(asked[1].At - asked[0].At, Short * 0.45, Short);
        Assert.Equal(asked.Length, asked.Select(a => a.Key).Distinct().Count());
    }

    [Fact]
    public async Task When_the_old_one_is_refused_the_pods_account_asks()
    {
        using var authority = new Authority { Refuses = asBootstrap => !asBootstrap };
        var identity = Identity(authority, Short);
        await identity.EstablishAsync(TestContext.Current.CancellationToken);
        await RunUntilAsync(identity, () => authority.Asked.Count >= 3);
        Assert.Equal([true, false, true], authority.Asked.Take(3).Select(a => a.AsBootstrap));
    }

    [Fact]
    public async Task One_that_has_ended_or_is_another_hosts_or_is_none_is_replaced()
    {
        using var authority = new Authority();
        await Identity(authority, TimeSpan.FromSeconds(-60)).EstablishAsync(TestContext.Current.CancellationToken);
        await Identity(authority, Long).EstablishAsync(TestContext.Current.CancellationToken);
        await Identity(authority, Long, "node-b").EstablishAsync(TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(HostIdentity.FileIn(state), "garbage", TestContext.Current.CancellationToken);
        await Identity(authority, Long).EstablishAsync(TestContext.Current.CancellationToken);
        Assert.Equal(4, authority.Asked.Count);
        Assert.All(authority.Asked, a => Assert.True(a.AsBootstrap));
    }

    [Fact]
    public void A_life_begins_when_the_certificate_got_here_however_far_back_it_is_dated()
    {
        using var authority = new Authority();
        var (key, request) = HostCertificate.NewRequest("node-a");
        var pem = authority.Sign(request, TimeSpan.FromHours(3), notBefore: DateTimeOffset.UtcNow.AddDays(-90)) + key;
        var now = DateTimeOffset.UtcNow;
        var read = HostCertificate.Read(pem, "node-a", now);
        Assert.InRange(read.RenewAt - now, TimeSpan.FromMinutes(119), TimeSpan.FromMinutes(120));
    }

    [Fact]
    public void A_key_that_is_not_the_certificates_is_noticed()
    {
        using var authority = new Authority();
        var pem = authority.Sign(HostCertificate.NewRequest("node-a").Request, Long) + HostCertificate.NewRequest("node-a").Key;
        Assert.Throws<InvalidDataException>(() => HostCertificate.Read(pem, "node-a", DateTimeOffset.UtcNow));
    }

    private HostIdentity Identity(Authority authority, TimeSpan lifetime, string node = "node-a") =>
        new(node, state, authority, lifetime, TimeProvider.System, NullLogger<HostIdentity>.Instance);

    private static async Task RunUntilAsync(HostIdentity identity, Func<bool> condition)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = identity.RunAsync(stop.Token);
        var until = Environment.TickCount64 + 60_000;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < until, "not renewed in a minute");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await stop.CancelAsync();
        await running;
    }

    /// <summary>Signs whatever it is asked to, unless it refuses.</summary>
    private sealed class Authority : ICertificateIssuer, IDisposable
    {
        private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly X509Certificate2 certificate;

        public Authority()
        {
            var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-1), DateTimeOffset.UtcNow.AddYears(1));
        }

        public ConcurrentQueue<(bool AsBootstrap, string Subject, string Key, DateTimeOffset At)> Asked { get; } = new();

        public Func<bool, bool> Refuses { get; init; } = _ => false;

        public Task<string> IssueAsync(string request, TimeSpan lifetime, bool asBootstrap, CancellationToken cancel)
        {
            var read = CertificateRequest.LoadSigningRequestPem(request, HashAlgorithmName.SHA256);
            Asked.Enqueue((asBootstrap, read.SubjectName.Name, Convert.ToHexString(read.PublicKey.EncodedKeyValue.RawData), DateTimeOffset.UtcNow));
            return Refuses(asBootstrap) ? throw new CertificateRefusedException("no") : Task.FromResult(Sign(request, lifetime));
        }

        public string Sign(string request, TimeSpan lifetime, DateTimeOffset? notBefore = null)
        {
            var now = DateTimeOffset.UtcNow;
            var read = CertificateRequest.LoadSigningRequestPem(request, HashAlgorithmName.SHA256, signerSignaturePadding: null);
            using var signed = read.Create(certificate, notBefore ?? now.AddMinutes(-5), now + lifetime, RandomNumberGenerator.GetBytes(16));
            return signed.ExportCertificatePem() + "\n";
        }

        public void Dispose()
        {
            certificate.Dispose();
            key.Dispose();
        }
    }
}
